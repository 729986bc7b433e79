/**
 * What a provider does for one job. All steps of a job run on the host that `open` names, because data and weights stay
 * there.
 */
export interface TrainingPort {
  /** Names the task queue of this host, and the job's checkpoint where it was submitted before. */
  open(request: { job: number }): Promise<{ host: string; checkpoint: string | null }>;
  /** Downloads and verifies the encrypted chunks; resumes where it stopped. */
  fetch(request: { job: number }): Promise<{ datasets: number; bytes: number }>;
  /** Releases the keys, decrypts into memory, trains, removes the plaintext. Resumes from the last epoch. */
  train(request: { job: number }): Promise<{ epochs: number; metrics: Record<string, string> }>;
  /** Signs the checkpoint and uploads it to the models canister. */
  publish(request: { job: number }): Promise<{ checkpoint: string; bytes: number }>;
  /** Removes everything this host holds of the job. */
  wipe(request: { job: number }): Promise<void>;
  /** Tells the access canister that the job will not be finished. */
  giveUp(request: { job: number; reason: string }): Promise<void>;
}
