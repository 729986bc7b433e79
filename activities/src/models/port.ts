export interface ChannelView {
  channel: string;
  sequence: number;
  stable: { checkpoint: string; version: number } | null;
  candidate: { release: number; checkpoint: string; version: number } | null;
  /** The channel's metadata as pods read it. */
  link?: string;
}

export interface ModelsPort {
  /** Waits until an adopted checkpoint has its version and its release on the channel. */
  released(request: {
    checkpoint: string;
    channel: string;
  }): Promise<{ version: number; release: number; link?: string }>;
  /** Marks a checkpoint whose proposal was rejected. */
  close(request: { checkpoint: string; proposal: number }): Promise<void>;
  /** A channel as it is; null when nothing was ever adopted on it. */
  current(request: { channel: string }): Promise<ChannelView | null>;
  /** Waits until the channel's stable version is this one. */
  stableAt(request: { channel: string; version: number }): Promise<ChannelView>;
}
