/** What asks a program to stop: Ctrl-C, a polite kill, and a terminal that is closed or a connection that is lost. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
