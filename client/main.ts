import { messageOf } from "@fusionmeet/base";
import {
  type DataFolder,
  dataFolder,
  LogFile,
  print,
  printProblem,
  settingsFile,
} from "@fusionmeet/places";
import { PROGRAM_VERSION } from "@fusionmeet/protocol";
import { EXIT } from "./failures.ts";
import { listServers } from "./list_servers.ts";
import { runHeadless, standardOutput } from "./headless.ts";
import { parseOptions, UsageError } from "./options.ts";
import { lastMeeting, readTextFileIfThere } from "./places.ts";
import { forgetCopiedSeats } from "./seat_file.ts";
import { SHRINK_FLAG } from "./shrink/shrink_job.ts";
import { WEBVIEW_FLAG } from "./window/webview_start.ts";

/** The program. @returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let problem: (text: string) => void = printProblem;
  try {
    if (args[0] === WEBVIEW_FLAG) {
      const { runWebviewChild } = await import("./window/webview_child.ts");
      return await runWebviewChild();
    }
    if (args[0] === SHRINK_FLAG) {
      const { runShrinkChild } = await import("./shrink/shrink_child.ts");
      return await runShrinkChild(args[1] ?? "");
    }
    const invocation = parseOptions(args, {
      environment: Deno.env.toObject(),
      settingsPath: settingsFile("fusionmeet-client.json"),
      readTextFile: readTextFileIfThere,
      lastMeeting: (asked) => lastMeeting(folderFor(asked).path),
      version: PROGRAM_VERSION,
    });
    if (invocation.do === "print") {
      print(invocation.text);
      return EXIT.asked;
    }
    const { dataDirectory, json } = invocation.options;
    const { path: folder, place, sentence } = folderFor(dataDirectory);
    const output = standardOutput(json, new LogFile(folder, "fusionmeet-client.log"));
    problem = output.problem;
    const means = { folder, output };
    if (place === "user") output.note(sentence);
    else output.sentence(sentence);
    const copied = await forgetCopiedSeats(folder);
    if (copied !== undefined) output.note(copied);
    if (invocation.do === "run") return await runHeadless(invocation.options, means);
    if (invocation.do === "list") return await listServers(invocation.options, means);
    // What a window needs is not loaded by a bot.
    const { runWindow } = await import("./window/window_app.ts");
    return await runWindow(invocation.options, means);
  } catch (thrown) {
    if (thrown instanceof UsageError) {
      problem(`${thrown.message}.\nSee fusionmeet-client --help.`);
      return EXIT.usage;
    }
    const stack = thrown instanceof Error ? `\n${thrown.stack}` : "";
    problem(`fusionmeet-client ended by a mistake of its own: ${messageOf(thrown)}${stack}`);
    return EXIT.fault;
  }
}

function folderFor(asked: string | undefined): DataFolder {
  try {
    return dataFolder(asked);
  } catch (thrown) {
    throw new UsageError(messageOf(thrown), { cause: thrown });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
