export interface ReleaseView {
  release: number;
  channel: string;
  checkpoint: string;
  version: number;
  state: 'planned' | 'rolling' | 'paused' | 'completed' | 'stopped' | 'superseded';
  why: string;
  wave: number;
  exposed: number;
  windows: number;
  corrections: number;
  errors: number;
}

/** Releases. Gates and soak times are the canister's; the workflow only asks for the next wave. */
export interface FleetPort {
  /**
   * Begins a wave (1-based; one more than the last completes the release) as soon as the canister allows it. A release that is over
   * is returned as it is; a wave that began before is not begun again.
   */
  beginWave(request: { release: number; wave: number }): Promise<ReleaseView>;
  pause(request: { release: number }): Promise<ReleaseView>;
  resume(request: { release: number }): Promise<ReleaseView>;
  /** Stops the release: exposed pods go back to the channel's stable version. */
  abort(request: { release: number; reason: string }): Promise<ReleaseView>;
}
