/** A program and its arguments, with what its environment has besides ours. */
export interface ChildCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts it; we speak and listen to it. @throws what the system says. */
export function spawnPiped({ program, args, environment }: ChildCommand): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...args],
    env: { ...environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}
