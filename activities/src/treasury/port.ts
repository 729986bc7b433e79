export interface EscrowView {
  escrow: number;
  job: number;
  /** e8s, all that was paid in */
  amount: string;
  state: 'funding' | 'open' | 'settling' | 'settled' | 'refunding' | 'refunded';
}

export interface BondView {
  holder: string;
  purpose: 'provider' | 'contributor';
  /** e8s; zero when there is none */
  amount: string;
}

export interface TreasuryPort {
  /** Who pays: a job's approval names it, so that nobody else can. */
  payer(): Promise<{ principal: string }>;
  /**
   * Approves and pays fees and reward of a job into escrow; the canister then writes the grants.
   *
   * @param request.approval  the digest of what is paid for: another job's is refused
   */
  openEscrow(request: { job: number; clientRef: string; approval?: string }): Promise<EscrowView>;
  /** Pays contributors and provider of a job whose checkpoint is official. */
  settle(request: { job: number }): Promise<EscrowView>;
  /**
   * Returns a job's escrow to its payer if the job has failed, expired, or its checkpoint was rejected; else it stays
   * open. Null when there is none.
   */
  refund(request: { job: number }): Promise<EscrowView | null>;
  bonds(request: { holders: { holder: string; purpose: 'provider' | 'contributor' }[] }): Promise<BondView[]>;
  /** Settles or refunds every escrow whose outcome is known. */
  sweep(): Promise<{ settled: number[]; refunded: number[] }>;
}
