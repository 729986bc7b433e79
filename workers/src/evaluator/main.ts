import { activitiesOf, holdoutEvaluation, requireHoldout } from '@livepod/activities';
import { connect } from '@livepod/client';
import { configure } from '../configuration.js';
import { main, runProcess } from '../process.js';

/** Measures checkpoints with an identity and people of its own. */
main(async () => {
  const { network, temporal, identity, signer, own } = configure({
    LIVEPOD_HOLDOUT: 'a folder with one folder of recordings per hold-out person',
  });
  await requireHoldout(own.LIVEPOD_HOLDOUT);
  const activities = activitiesOf({
    evaluation: holdoutEvaluation(await connect(network, identity), signer, own.LIVEPOD_HOLDOUT),
  });
  await runProcess('evaluator', temporal, async () => ({
    workers: [
      { namespace: temporal.namespace, taskQueue: 'evaluation', activities, maxConcurrentActivityTaskExecutions: 1 },
    ],
  }));
});
