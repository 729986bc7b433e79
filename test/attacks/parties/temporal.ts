import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodecError, KeyRing, LivepodCodec } from '@livepod/codec';
import { motionRecording } from '@livepod/activities/testing';
import { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { broken, nothing, refused, type Attack, type Played } from '../attack.js';
import type { Ground } from '../ground.js';
import { leaksIn, type Secret } from '../../src/secretScan.js';

const CODEC = 'infra/codec/src/payloads.test.ts';
const { History } = proto.temporal.api.history.v1;
const NAMESPACES = ['livepod', 'provider-1'];

/** Everything that the server keeps of a workflow, as it keeps it. */
async function historyOf(ground: Ground, namespace: string, workflowId: string) {
  const { workflowService } = ground.rig.client.connection;
  const { history } = await workflowService.getWorkflowExecutionHistory({ namespace, execution: { workflowId } });
  return History.fromObject(history!);
}

async function inputOf(ground: Ground, workflowId: string): Promise<Payload> {
  const { events } = await historyOf(ground, 'livepod', workflowId);
  return events[0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0] as Payload;
}

const codecOf = (ground: Ground): LivepodCodec =>
  new LivepodCodec(new KeyRing(join(ground.rig.chain.folder, 'secrets', 'codec.json')));

async function notOpened(code: string, open: () => Promise<unknown>): Promise<Played> {
  try {
    await open();
  } catch (error) {
    if (error instanceof CodecError && error.code === code) return nothing(`refused as ${code}`);
    throw error;
  }
  return broken('it was opened');
}

/** Whatever of value anybody in the cast holds. */
function secretsOf(ground: Ground): Secret[] {
  const { rig } = ground;
  const roles = ['operator', 'person', 'provider', 'evaluator', 'contributor-1', 'contributor-2'] as const;
  const { keys } = JSON.parse(readFileSync(join(rig.chain.folder, 'secrets', 'codec.json'), 'utf8')) as {
    keys: Record<string, string>;
  };
  return [
    ...roles.map((role) => ({ name: `the key of ${role}`, value: rig.chain.seed(role) })),
    ...Object.values(keys).map((key) => ({ name: 'a key of the codec', value: Buffer.from(key, 'hex') })),
    { name: 'the secret of S3', value: rig.chain.s3.secretAccessKey },
    ...[0, 1].map((person) => ({ name: 'a record', value: motionRecording(person).split('\n')[3]! })),
  ];
}

export const temporal: Attack[] = [
  {
    party: 'temporal',
    name: 'looks for keys and records in all that it keeps',
    test: 'test/src/ui.slow.test.ts',
    async play(ground) {
      const { workflowService } = ground.rig.client.connection;
      const secrets = secretsOf(ground);
      let bytes = 0;
      for (const namespace of NAMESPACES) {
        const { executions } = await workflowService.listWorkflowExecutions({ namespace, pageSize: 1000 });
        for (const { execution } of executions) {
          const history = Buffer.from(
            History.encode(await historyOf(ground, namespace, execution!.workflowId!)).finish(),
          );
          bytes += history.length;
          const [leak] = leaksIn(execution!.workflowId!, history, secrets);
          if (leak) return broken(`${leak.secret} stands in ${leak.where}, ${leak.form}`);
        }
      }
      if (bytes < 10_000) return broken(`it keeps only ${bytes} bytes: nothing was looked at`);
      return nothing(`${secrets.length} secrets are in none of ${Math.round(bytes / 1000)} kB`);
    },
  },
  {
    party: 'temporal',
    name: 'alters a payload in one bit',
    test: CODEC,
    async play(ground, seed) {
      const payload = await inputOf(ground, 'lifecycle-done');
      const data = Uint8Array.from(payload.data!);
      data[seed % data.length]! ^= 1 << (seed % 8);
      const context = { type: 'workflow' as const, namespace: 'livepod', workflowId: 'lifecycle-done' };
      return notOpened('notAuthentic', () => codecOf(ground).decode([{ ...payload, data }], context));
    },
  },
  {
    party: 'temporal',
    name: 'gives a workflow the payload of another',
    test: CODEC,
    async play(ground) {
      const payload = await inputOf(ground, 'lifecycle-done');
      const context = { type: 'workflow' as const, namespace: 'livepod', workflowId: 'lifecycle-rolling' };
      return notOpened('wrongWorkflow', () => codecOf(ground).decode([payload], context));
    },
  },
  {
    party: 'temporal',
    name: 'starts a workflow without a key, and signals one',
    test: 'workflows/src/clearArguments.slow.test.ts',
    async play(ground) {
      const { client } = ground.rig;
      const { workflow } = new Client({ connection: client.connection, namespace: 'livepod' });
      const before = await ground.world();
      await workflow.getHandle('lifecycle-rolling').signal('rolloutMoved', { state: 'paused', asks: 'mine' });
      const workflowId = 'treasury-watch-in-clear';
      await workflow.start('treasuryWatch', { taskQueue: 'orchestrator', workflowId, args: [{ quietSeconds: 0 }] });
      const why = await client.workflow.result(workflowId).then(
        () => 'it ran',
        ({ cause }: { cause?: { type?: string } }) => cause?.type ?? 'it failed',
      );
      const changed = ground.differences(before, await ground.world());
      if (changed.length > 0) return broken(`the world changed: ${changed.join('; ')}`);
      return why === 'clearPayload' ? nothing(`refused as ${why}`) : broken(why);
    },
  },
  {
    party: 'temporal',
    name: "sends a person's updates without a person's token",
    test: 'workflows/src/input.test.ts',
    async play(ground) {
      const handle = ground.rig.client.workflow.getHandle('lifecycle-rolling');
      const codes: string[] = [];
      for (const [update, args] of [
        ['abort', { token: 'x', reason: 'because' }],
        ['resume', { token: 'x' }],
        ['skipSoak', { token: 'x' }],
      ] as const) {
        const played = await refused(ground, ['WorkflowUpdateFailedError'], () =>
          handle.executeUpdate(update, { args: [args] }),
        );
        if (played.outcome === 'broken') return played;
        codes.push(played.why);
      }
      return nothing(codes[0]!);
    },
  },
];
