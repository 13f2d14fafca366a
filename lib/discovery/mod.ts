/** Floor 3: how servers are found on a network: mDNS, beacon, and the table of what was heard. */
export * from "./announcement.ts";
export * from "./ipv4.ts";
export * from "./found_servers.ts";
export * from "./multicast_socket.ts";
export * from "./server_announcer.ts";
export * from "./server_finder.ts";
