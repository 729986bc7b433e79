import { refused, type Attack } from '../attack.js';
import { forged } from '../documents.js';

export const evaluator: Attack[] = [
  {
    party: 'evaluator',
    name: 'measures a checkpoint again, with better figures, after it was voted in',
    test: 'canisters/models/src/tests/documents.rs',
    async play(ground) {
      const clients = await ground.as('evaluator');
      const signed = await clients.models.get_manifest(ground.done.checkpoint);
      const { evaluation } = signed!;
      const better = forged(
        ground,
        new Uint8Array(evaluation[0]!.report),
        (fields) => (fields['figures'] as { value: string }[]).forEach((figure) => (figure.value = '0.999')),
        'evaluator',
      );
      return refused(ground, ['alreadyExists', 'closed', 'invalid'], () =>
        clients.models.submit_evaluation({ report: better.document, signature: better.signature }),
      );
    },
  },
  {
    party: 'evaluator',
    name: "signs in another evaluator's name",
    test: 'canisters/models/src/tests/documents.rs',
    async play(ground) {
      const clients = await ground.as('stranger');
      const signed = await clients.models.get_manifest(ground.done.checkpoint);
      const { evaluation } = signed!;
      const report = forged(ground, new Uint8Array(evaluation[0]!.report), () => {}, 'stranger');
      return refused(ground, ['wrongSignature', 'badSignature', 'invalid', 'wrongSigner', 'notAuthorized'], () =>
        clients.models.submit_evaluation({ report: report.document, signature: report.signature }),
      );
    },
  },
];
