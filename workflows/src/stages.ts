/** What an operator calls that which each workflow does: in our namespace, and in a provider's. */
export const stages = {
  ours: {
    lifecycle: 'lifecycle',
    datasetIntake: 'intake',
    trainingRound: 'training',
    checkpointReview: 'review',
    modelRollout: 'rollout',
    modelRollback: 'rollback',
    treasuryWatch: 'treasury',
  },
  providers: { accessRequest: 'access', trainingJob: 'job' },
} as const;

const all: Record<string, string> = { ...stages.ours, ...stages.providers };
export const stageOf = (workflow: string): string => all[workflow] ?? workflow;
