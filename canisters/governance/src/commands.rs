//! manage_neuron: what a neuron's controller may do.

use crate::api::*;
use crate::errors::{refused, ErrorType};
use crate::neurons::{self, Id};
use crate::{constitution, execution, natives, proposals, seconds};
use candid::{CandidType, Deserialize, Principal};
use governed::Lock;
use serde_bytes::ByteBuf;

/// ICRC-1's account and transfer, as the ledger takes them.
#[derive(CandidType, Deserialize, Clone, Debug)]
struct LedgerAccount {
    owner: Principal,
    subaccount: Option<ByteBuf>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
struct Transfer {
    from_subaccount: Option<ByteBuf>,
    to: LedgerAccount,
    amount: u128,
    fee: Option<u128>,
    memo: Option<ByteBuf>,
    created_at_time: Option<u64>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
enum TransferError {
    BadFee { expected_fee: u128 },
    BadBurn { min_burn_amount: u128 },
    InsufficientFunds { balance: u128 },
    TooOld,
    CreatedInFuture { ledger_time: u64 },
    TemporarilyUnavailable,
    Duplicate { duplicate_of: u128 },
    GenericError { error_code: u128, message: String },
}

pub async fn manage(caller: Principal, request: ManageNeuron) -> ManageNeuronResponse {
    let reply = match request.command {
        Some(command) => carry_out(caller, &request.subaccount, command).await.unwrap_or_else(Reply::Error),
        None => Reply::Error(refused(ErrorType::InvalidCommand, "The request has no command this governance knows.")),
    };
    ManageNeuronResponse { command: Some(reply) }
}

async fn carry_out(caller: Principal, subaccount: &[u8], command: Command) -> Result<Reply, GovernanceError> {
    match command {
        Command::ClaimOrRefresh(claim) => claim_or_refresh(caller, subaccount, claim).await,
        Command::MakeProposal(proposal) => make_proposal(caller, subaccount, proposal).await,
        Command::Disburse(disburse) => self::disburse(caller, subaccount, disburse).await,
        Command::RegisterVote(vote) => {
            let (neuron, _) = neurons::controlled(&caller, subaccount)?;
            let id = vote.proposal.map_or(0, |proposal| proposal.id);
            execution::decide(id); // the deadline may have passed
            proposals::vote(id, &neuron, vote.vote, seconds())?;
            execution::decide(id);
            Ok(Reply::RegisterVote(Nothing {}))
        }
        Command::Configure(configure) => {
            let (id, neuron) = neurons::controlled(&caller, subaccount)?;
            let operation = configure
                .operation
                .ok_or_else(|| refused(ErrorType::InvalidCommand, "Configure names no operation."))?;
            neurons::configure(id, neuron, &operation, seconds())?;
            Ok(Reply::Configure(Nothing {}))
        }
        Command::Follow(follow) => {
            let (id, neuron) = neurons::controlled(&caller, subaccount)?;
            let followees: Result<Vec<Id>, _> =
                follow.followees.iter().map(|followee| Id::try_from(followee.id.as_slice())).collect();
            let followees = followees.map_err(|_| {
                refused(ErrorType::InvalidNeuronId, "A neuron id has 32 bytes; take it from list_neurons.")
            })?;
            neurons::follow(id, neuron, follow.function_id, followees)?;
            Ok(Reply::Follow(Nothing {}))
        }
    }
}

fn locked(id: &Id) -> Result<Lock, GovernanceError> {
    Lock::take(neurons::hex(id)).ok_or_else(|| {
        refused(ErrorType::NeuronLocked, "The neuron has another command under way; repeat in a moment.")
    })
}

async fn claim_or_refresh(
    caller: Principal,
    subaccount: &[u8],
    claim: ClaimOrRefresh,
) -> Result<Reply, GovernanceError> {
    let (id, controller) = match claim.by {
        Some(By::MemoAndController(by)) => {
            let controller = by.controller.unwrap_or(caller);
            (neurons::id_of(&controller, by.memo), controller)
        }
        Some(By::NeuronId(_)) => {
            let id = Id::try_from(subaccount)
                .map_err(|_| refused(ErrorType::InvalidNeuronId, "A neuron id has 32 bytes."))?;
            let neuron = neurons::get(&id).ok_or_else(|| {
                refused(ErrorType::NotFound, "There is no such neuron; claim it by memo and controller.")
            })?;
            (id, neuron.controller)
        }
        None => {
            return Err(refused(
                ErrorType::InvalidCommand,
                "ClaimOrRefresh says not by what; give memo and controller.",
            ))
        }
    };
    let _lock = locked(&id)?;
    let account = LedgerAccount { owner: system::this_canister(), subaccount: Some(ByteBuf::from(id)) };
    let held: u128 = system::ask(governed::peers().ledger, "icrc1_balance_of", (account,)).await.map_err(external)?;
    neurons::claim_or_refresh(id, controller, u64::try_from(held).unwrap_or(u64::MAX), seconds())?;
    Ok(Reply::ClaimOrRefresh(ClaimOrRefreshResponse { refreshed_neuron_id: Some(NeuronId { id: ByteBuf::from(id) }) }))
}

fn external(no_answer: system::NoAnswer) -> GovernanceError {
    refused(ErrorType::External, no_answer.to_string())
}

async fn make_proposal(caller: Principal, subaccount: &[u8], proposal: Proposal) -> Result<Reply, GovernanceError> {
    let (proposer, neuron) = neurons::controlled(&caller, subaccount)?;
    let made = |id: u64| Ok(Reply::MakeProposal(GetProposal { proposal_id: Some(ProposalId { id }) }));
    if let Some(id) = proposals::made_before(&proposer, &proposal)? {
        return made(id);
    }
    let _lock = locked(&proposer)?;
    proposals::check(&neuron, &proposal, seconds())?;
    let rendering = match &proposal.action {
        Some(Action::ExecuteGenericNervousSystemFunction(call)) => execution::validate(call).await?,
        Some(Action::Motion(motion)) => motion.motion_text.clone(),
        Some(action) => natives::in_words(action)?,
        None => String::new(),
    };
    let id = proposals::submit(proposer, proposal, rendering, seconds());
    execution::wake_at(id, seconds() + constitution::parameters().voting_period_seconds);
    execution::decide(id);
    made(id)
}

async fn disburse(caller: Principal, subaccount: &[u8], disburse: Disburse) -> Result<Reply, GovernanceError> {
    let (id, neuron) = neurons::controlled(&caller, subaccount)?;
    let _lock = locked(&id)?;
    let amount = disburse.amount.map_or(neuron.stake, |amount| amount.e8s);
    neurons::take_out(id, neuron, amount, seconds())?;
    let sent = send(caller, id, disburse.to_account, amount).await;
    if sent.is_err() {
        neurons::restore(id, amount);
    }
    let block = sent?;
    audit::append_as(
        caller,
        serde_json::json!({"type": "neuron_disbursed", "neuron": neurons::hex(&id), "amount": amount}),
    );
    Ok(Reply::Disburse(DisburseResponse { transfer_block_height: block }))
}

/// Sends stake to an account; the ledger's fee comes out of the amount.
async fn send(caller: Principal, id: Id, to: Option<Account>, amount: u64) -> Result<u64, GovernanceError> {
    let ledger = governed::peers().ledger;
    let fee: u128 = system::ask(ledger, "icrc1_fee", ()).await.map_err(external)?;
    let amount = u128::from(amount).checked_sub(fee).filter(|amount| *amount > 0).ok_or_else(|| {
        refused(ErrorType::InsufficientFunds, format!("The ledger's fee of {fee} e8s leaves nothing; disburse more."))
    })?;
    let (owner, subaccount) = to.map_or((None, None), |account| (account.owner, account.subaccount));
    let to = LedgerAccount {
        owner: owner.unwrap_or(caller),
        subaccount: subaccount.map(|subaccount| subaccount.subaccount),
    };
    let transfer = Transfer {
        from_subaccount: Some(ByteBuf::from(id)),
        to,
        amount,
        fee: Some(fee),
        memo: None,
        created_at_time: None,
    };
    let sent: Result<u128, TransferError> =
        system::ask(ledger, "icrc1_transfer", (transfer,)).await.map_err(external)?;
    let block =
        sent.map_err(|error| refused(ErrorType::External, format!("The ledger refused the transfer: {error:?}")))?;
    Ok(u64::try_from(block).unwrap_or(u64::MAX))
}
