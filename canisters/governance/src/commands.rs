//! manage_neuron: what a neuron's controller may do.

use crate::api::*;
use crate::errors::{refused, ErrorType};
use crate::ledger::{self, stake_of, Canister, Ledger, Transfer};
use crate::neurons::{self, Id};
use crate::{admission, claims, execution, leaving, natives, proposals, seconds};
use candid::Principal;
use governed::Lock;
use serde_bytes::ByteBuf;

/// What kind of message a request is, for [`crate::costs`].
pub fn kind(request: &ManageNeuron) -> &'static str {
    match request.command {
        Some(Command::MakeProposal(_)) => "proposal",
        Some(Command::RegisterVote(_)) => "vote",
        Some(Command::ClaimOrRefresh(_)) => "claim",
        Some(Command::Configure(_)) => "configure",
        Some(Command::Follow(_)) => "follow",
        Some(Command::Disburse(_)) => "disburse",
        None => "none",
    }
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
            execution::go_on_soon();
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
            let (id, _) = neurons::controlled(&caller, subaccount)?;
            let followees: Result<Vec<Id>, _> =
                follow.followees.iter().map(|followee| Id::try_from(followee.id.as_slice())).collect();
            let followees = followees.map_err(|_| {
                refused(ErrorType::InvalidNeuronId, "A neuron id has 32 bytes; take it from list_neurons.")
            })?;
            neurons::follow(id, follow.function_id, followees)?;
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
    let held = Canister.balance(stake_of(&id)).await.map_err(external)?;
    claims::claim_or_refresh(id, controller, u64::try_from(held).unwrap_or(u64::MAX), seconds())?;
    execution::pay_out_soon(); // if another made room for it
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
    admission::check(&neuron, &proposal, seconds())?;
    admission::admit(&proposer, &proposal)?;
    let rendering = match &proposal.action {
        Some(Action::ExecuteGenericNervousSystemFunction(call)) => execution::validate(call).await?,
        Some(Action::Motion(motion)) => motion.motion_text.clone(),
        Some(action) => natives::in_words(action)?,
        None => String::new(),
    };
    let displaced = admission::admit(&proposer, &proposal)?; // others may have come while the validator was asked
    if let Some(other) = displaced {
        proposals::displace(other, seconds());
    }
    let id = proposals::submit(proposer, proposal, rendering, seconds());
    execution::wake_for(id);
    execution::decide(id);
    execution::go_on_soon();
    made(id)
}

async fn disburse(caller: Principal, subaccount: &[u8], disburse: Disburse) -> Result<Reply, GovernanceError> {
    let (id, _) = neurons::controlled(&caller, subaccount)?;
    let _lock = locked(&id)?;
    burn_fees(&id).await?;
    let (_, neuron) = neurons::controlled(&caller, subaccount)?;
    let amount = disburse.amount.map_or(neuron.free(), |amount| amount.e8s);
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
    claims::remove_if_empty(id);
    Ok(Reply::Disburse(DisburseResponse { transfer_block_height: block }))
}

/// Burns what a dissolved neuron owes for rejected proposals, before its stake leaves (as on SNS).
async fn burn_fees(id: &Id) -> Result<(), GovernanceError> {
    let Some(neuron) = neurons::get(id).filter(|neuron| neuron.fees > 0 && neuron.dissolve_delay(seconds()) == 0)
    else {
        return Ok(());
    };
    if leaving::burn(&Canister, id, neuron.fees, None).await.map_err(external)? {
        neurons::fees_were_burnt(id, neuron.fees);
        return Ok(());
    }
    Err(refused(ErrorType::External, "The ledger did not burn the neuron's fees; repeat in a moment."))
}

/// Sends stake to an account; the ledger's fee comes out of the amount.
async fn send(caller: Principal, id: Id, to: Option<Account>, amount: u64) -> Result<u64, GovernanceError> {
    let fee = Canister.fee().await.map_err(external)?;
    let amount = u128::from(amount).checked_sub(fee).filter(|amount| *amount > 0).ok_or_else(|| {
        refused(ErrorType::InsufficientFunds, format!("The ledger's fee of {fee} e8s leaves nothing; disburse more."))
    })?;
    let (owner, subaccount) = to.map_or((None, None), |account| (account.owner, account.subaccount));
    let to = ledger::Account {
        owner: owner.unwrap_or(caller),
        subaccount: subaccount.map(|subaccount| subaccount.subaccount),
    };
    let from_subaccount = Some(ByteBuf::from(id));
    let transfer = Transfer { from_subaccount, to, amount, fee: Some(fee), memo: None, created_at_time: None };
    let sent = Canister.transfer(transfer).await.map_err(external)?;
    let block =
        sent.map_err(|error| refused(ErrorType::External, format!("The ledger refused the transfer: {error:?}")))?;
    Ok(u64::try_from(block).unwrap_or(u64::MAX))
}
