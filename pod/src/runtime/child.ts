/**
 * The process that holds one slot's model (runtime's `serve`), and what a pod orders beside loading and testing it:
 * ONNX Runtime blocks its thread, and may crash; the pod must do neither.
 */
import { serve } from '@livepod/runtime/serve';
import { infer } from './infer.js';
import type { Answer, Order } from './messages.js';
import { tracksIn } from './records.js';
import { watch } from './watch.js';

serve(async (model, order, payload, { alone, tell }) => {
  const wanted = order as Order;
  if (wanted.do === 'watch') return watch(model, wanted, tracksIn(wanted.tracks, payload), alone, tell);
  await infer(model, wanted, alone, tell as (answer: Answer) => void);
});
