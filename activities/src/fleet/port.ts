/**
 * Where a release stands for who waits for it: `soaking`, or `gathering` windows for its gate once the soak is over, by
 * the network's clock.
 */
export type ReleasePhase = 'beginning' | 'soaking' | 'gathering' | 'paused' | 'completed' | 'stopped' | 'superseded';

export interface ReleaseView {
  release: number;
  channel: string;
  checkpoint: string;
  version: number;
  state: 'planned' | 'rolling' | 'paused' | 'completed' | 'stopped' | 'superseded';
  /** Absent in histories of the time before it. */
  phase?: ReleasePhase;
  why: string;
  wave: number;
  exposed: number;
  windows: number;
  corrections: number;
  errors: number;
  /** Where it stands, as an operator's token names it. Absent in histories of the time before it. */
  standing?: string;
  /** Until when its wave soaks, as ISO 8601 text; empty before the first. */
  soaksUntil?: string;
  /** Pages of the release, and of the channel's metadata as pods read it, where there are any. */
  link?: string;
  channelLink?: string;
}

/** Which of a channel's pods are to run which version. What one does run it tells in counters, without its name. */
export interface PodsOfRelease {
  /** Of each version the pods' names, the first of them, and how many there are. */
  versions: { version: number; pods: string[]; count: number }[];
  /** How many pods have told that they switched to the release's version, and back from it. */
  installed: number;
  returned: number;
}

/** Releases. Gates and soak times are the canister's; the workflow only asks for the next wave. */
export interface FleetPort {
  /**
   * Begins a wave (1-based; one more than the last completes the release) as soon as the canister allows it. A release
   * that is over is returned as it is; a wave that began before is not begun again.
   *
   * @param request.seen  the phase that the caller knows of: it returns without the wave when that has changed
   */
  beginWave(request: { release: number; wave: number; seen?: ReleasePhase }): Promise<ReleaseView>;
  /** Waits until a release is in another state than this. */
  changed(request: { release: number; seen: ReleaseView['state'] }): Promise<ReleaseView>;
  /** Which pod is to run what, as pods themselves work it out from the channel's metadata. */
  pods(request: { release: number }): Promise<PodsOfRelease>;
  /** Holds the next wave. With a token the canister's audit log names the operator. */
  pause(request: { release: number; token?: string }): Promise<ReleaseView>;
  /** Lets the waves go on: the canister asks for an operator's token. */
  resume(request: { release: number; token: string }): Promise<ReleaseView>;
  /**
   * Ends the soak of the wave that runs, where the voted plan allows it; the gate stays. The canister asks for an
   * operator's token.
   */
  skipSoak(request: { release: number; wave: number; token: string }): Promise<ReleaseView>;
  /** Stops the release: exposed pods go back to the channel's stable version. */
  abort(request: { release: number; reason: string; token?: string }): Promise<ReleaseView>;
}
