export interface StoredDataset {
  dataset: string;
  chunks: number;
  bytes: number;
  /** Fetched now; the rest was there and right. */
  fetched: number;
}
