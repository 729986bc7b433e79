import { datasetUid, hex, parseDatasetManifest, principalBytes, unhex, type Licence } from '@livepod/protocol';
import { refuse } from '../errors.js';
import type { Entry, SignedDocument } from '../format.js';
import { after, agree, mark, markOrNull, needed, textOf, type Facts, type Mark } from './facts.js';
import type { ProposalAccount, Proposals } from './proposals.js';
import { placeOfDocument, readSigned } from './source.js';

export interface DatasetAccount {
  dataset: string;
  title: string;
  contributor: string;
  uid: string;
  chunks: number;
  merkleRoot: string;
  licence: Licence;
  registered: Mark | null;
  status: 'submitted' | 'accepted' | 'rejected' | 'withdrawn';
  decided: Mark | null;
  /** The vote that decided it. */
  proposal: number | null;
}

/** Signed manifests of datasets, their registration, and the vote on each. Each is drawn up once. */
export class Datasets {
  private readonly known = new Map<string, DatasetAccount>();

  constructor(
    private readonly facts: Facts,
    private readonly proposals: Proposals,
  ) {}

  /** In order of id. */
  list(): DatasetAccount[] {
    return [...this.known.values()].sort((a, b) => (a.dataset < b.dataset ? -1 : 1));
  }

  async get(id: string): Promise<DatasetAccount> {
    const known = this.known.get(id) ?? (await this.drawUp(id));
    this.known.set(id, known);
    return known;
  }

  private async drawUp(id: string): Promise<DatasetAccount> {
    const { logs, source } = this.facts;
    const log = logs.datasets;
    const signed: SignedDocument = await source.dataset(id);
    const manifest = readSigned(signed, parseDatasetManifest);
    const uid = hex(datasetUid(principalBytes(manifest.contributor), unhex(manifest.salt)));

    const registered = needed(
      this.facts,
      'datasets',
      log.only('registered', { dataset: id }),
      `the registration of dataset ${id}`,
    );
    if (registered) {
      const path = log.place(registered);
      agree(path, 'who registered the dataset', registered.caller, manifest.contributor);
      agree(path, 'the uid of the dataset', textOf(registered.event['uid'], path), uid);
    }
    const accepted = log.only('accepted', { dataset: id });
    const rejected = log.only('rejected', { dataset: id });
    const withdrawn = log.only('withdrawn', { dataset: id });
    const lapsed = log.only('lapsed', { dataset: id });
    const voted = accepted ?? rejected;
    const decided = voted ?? withdrawn ?? lapsed;
    if ((accepted && rejected) || (lapsed && (voted ?? withdrawn)))
      refuse('contradiction', log.place(decided!), `dataset ${id} was decided in two ways`);
    if (decided) after(log.place(decided), `the decision on dataset ${id}`, decided, registered);
    // Its owner may erase it after the vote as well; what was decided before stays.
    if (withdrawn && voted) after(log.place(withdrawn), `the end of dataset ${id}`, withdrawn, voted);
    if (withdrawn) agree(log.place(withdrawn), 'who withdrew the dataset', withdrawn.caller, manifest.contributor);
    const vote: ProposalAccount | null = accepted
      ? await this.proposals.behind(accepted, 'accept_dataset')
      : rejected
        ? this.lost(id, rejected, registered)
        : null;
    return {
      dataset: id,
      title: manifest.title,
      contributor: manifest.contributor,
      uid,
      chunks: manifest.files.reduce((sum, file) => sum + file.chunks.length, 0),
      merkleRoot: manifest.merkleRoot,
      licence: manifest.licence,
      registered: registered ? mark('datasets', registered) : null,
      status: accepted ? 'accepted' : rejected ? 'rejected' : decided ? 'withdrawn' : 'submitted',
      decided: markOrNull('datasets', decided),
      proposal: vote?.proposal ?? null,
    };
  }

  private lost(id: string, rejected: Entry, registered: Entry | undefined): ProposalAccount | null {
    const number = Number(rejected.event['proposal']);
    const proposal = this.proposals.list().find((other) => other.proposal === number);
    // Another round's, or one of before the file starts.
    if (!proposal && this.proposals.mayBeOlder(number, registered)) return null;
    if (!proposal)
      return refuse(
        'missing',
        this.facts.logs.datasets.place(rejected),
        `dataset ${id} was rejected by proposal ${number}, which nothing records`,
      );
    if (proposal.outcome !== 'rejected' || proposal.argument?.['dataset'] !== id)
      refuse('contradiction', placeOfDocument(proposal), `dataset ${id} was rejected without a lost vote on it`);
    return proposal;
  }
}
