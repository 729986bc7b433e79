/** How a step came to its end: what was there, or what it made. */
export interface StepOutcome {
  how: 'found' | 'cached' | 'built';
  /** One line for people: a version, an address, a path. */
  detail: string;
  /** Something that will make the result worse than it could be. */
  warning?: string;
}

/**
 * One thing that has to be there before the stack can start. Running it again when it is there costs next to nothing.
 */
export interface Step {
  name: string;
  title: string;
  /** What it needs, and the other ways to provide the same; shown when it fails and by the doctor. */
  ways: string[];
  /** Names of steps whose result it uses. */
  after?: readonly string[];
  /** Builds that use every core by themselves: those of one lane run one after the other, lanes side by side. */
  lane?: 'cargo' | 'go';
  /**
   * Downloads what `run` will need and does not have. Begins at once, whatever the step itself waits for; a failure
   * does not matter, since `run` downloads what is still missing, and says why that is not possible.
   */
  fetch?(): Promise<void>;
  run(progress: (line: string) => void): Promise<StepOutcome>;
}
