import {
  datasetUid,
  FILE_NAME,
  folderOf,
  MAX_FILE_NAME,
  principalBytes,
  unhex,
  type DatasetManifest,
} from '@livepod/protocol';
import { TransferError } from './errors.js';

/**
 * Where a dataset's objects lie: the folder that its contributor and salt name, and no other. The manifest says it too,
 * and whoever reads or deletes does not take its word.
 *
 * @throws TransferError `foreignStorage`
 */
export function ownFolder({
  storage,
  contributor,
  salt,
}: Pick<DatasetManifest, 'storage' | 'contributor' | 'salt'>): string {
  const own = folderOf(datasetUid(principalBytes(contributor), unhex(salt)));
  if (storage.kind === 's3' && storage.prefix !== own)
    throw new TransferError(
      'foreignStorage',
      { prefix: storage.prefix, own },
      `The manifest places its objects below ${storage.prefix}, and its own folder is ${own}; nothing was asked.`,
    );
  return own;
}

/**
 * Files become files of these names on somebody's disk: plain ones, no two of which any file system takes for one.
 *
 * @throws TransferError `unsafeName`
 */
export function plainNames(files: readonly { name: string }[]): void {
  const seen = new Map<string, string>();
  for (const { name } of files) {
    const folded = name.normalize('NFC').toLowerCase();
    const same = seen.get(folded);
    if (FILE_NAME.test(name) && name.length <= MAX_FILE_NAME && same === undefined) {
      seen.set(folded, name);
      continue;
    }
    throw new TransferError(
      'unsafeName',
      { name },
      same === undefined
        ? `${JSON.stringify(name.slice(0, 80))} is no plain file name; use letters, digits, dots, dashes, underscores.`
        : `${JSON.stringify(name)} and ${JSON.stringify(same)} are one name on some computers; rename one of them.`,
    );
  }
}
