/** Anything that has to be asked of a host. */
export interface HostJob {
  readonly host: string;
}

interface Host<J> {
  /** From `next` on not yet begun, in order. */
  readonly fresh: J[];
  next: number;
  /** Begun earlier; the last one comes first. */
  readonly begun: J[];
  busy: number;
  pausedUntil: number;
}

interface Alarm<J> {
  readonly due: number;
  readonly host: Host<J>;
  /** None when only the host's pause ends. */
  readonly job: J | undefined;
}

/**
 * Jobs in a row for each host. Hosts take turns, and one that has `perHost` jobs in work, or pauses, is passed over: so none
 * holds up another. Times are seconds of any one clock.
 */
export class HostQueue<J extends HostJob> {
  readonly #perHost: number;
  readonly #hosts = new Map<string, Host<J>>();
  /** Hosts that have a job to give right now, the one whose turn it is first. */
  readonly #ready = new Set<Host<J>>();
  /** The soonest is the last. */
  readonly #alarms: Alarm<J>[] = [];
  #waiting = 0;

  constructor(perHost: number) {
    this.#perHost = perHost;
  }

  /** Whether no job waits; those in work may yet come back. */
  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** When {@link take} may have something again that it has not now, unless a job ends before. */
  get nextDue(): number | undefined {
    return this.#alarms.at(-1)?.due;
  }

  /** Puts a job behind all others of its host. */
  add(job: J): void {
    const host = this.#host(job.host);
    host.fresh.push(job);
    this.#waiting++;
    this.#refresh(host);
  }

  /** Puts a job before all others of its host. */
  addFirst(job: J): void {
    const host = this.#host(job.host);
    host.begun.push(job);
    this.#waiting++;
    this.#refresh(host);
  }

  /** As {@link addFirst}, once it is `due`. */
  addLater(job: J, due: number): void {
    this.#setAlarm({ due, host: this.#host(job.host), job });
    this.#waiting++;
  }

  /** Gives no job of this host before `until`. @returns false when it pauses as long already */
  pause(name: string, until: number): boolean {
    const host = this.#host(name);
    if (until <= host.pausedUntil) return false;
    host.pausedUntil = until;
    this.#setAlarm({ due: until, host, job: undefined });
    this.#refresh(host);
    return true;
  }

  /** The next job, which counts as in work at its host until {@link release}. */
  take(now: number): J | undefined {
    this.#ring(now);
    const host: Host<J> | undefined = this.#ready.values().next().value;
    if (!host) return undefined;
    const job = host.begun.pop() ?? host.fresh[host.next++];
    host.busy++;
    this.#waiting--;
    this.#ready.delete(host); // to the end of the row
    this.#refresh(host);
    return job;
  }

  release(name: string): void {
    const host = this.#host(name);
    host.busy--;
    this.#refresh(host);
  }

  #host(name: string): Host<J> {
    const known = this.#hosts.get(name);
    if (known) return known;
    const host: Host<J> = { fresh: [], next: 0, begun: [], busy: 0, pausedUntil: -Infinity };
    this.#hosts.set(name, host);
    return host;
  }

  #refresh(host: Host<J>): void {
    const paused = host.pausedUntil > -Infinity;
    const hasJob = host.begun.length > 0 || host.next < host.fresh.length;
    if (hasJob && !paused && host.busy < this.#perHost) this.#ready.add(host);
    else this.#ready.delete(host);
  }

  /** Keeps the row of alarms sorted; most come late in time and so near its beginning. */
  #setAlarm(alarm: Alarm<J>): void {
    let [low, high] = [0, this.#alarms.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#alarms[middle].due > alarm.due) low = middle + 1;
      else high = middle;
    }
    this.#alarms.splice(low, 0, alarm);
  }

  #ring(now: number): void {
    while (this.#alarms.length > 0 && this.#alarms.at(-1)!.due <= now) {
      const { host, job, due } = this.#alarms.pop()!;
      if (job) host.begun.push(job);
      if (due >= host.pausedUntil) host.pausedUntil = -Infinity;
      this.#refresh(host);
    }
  }
}
