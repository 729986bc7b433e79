//! Which stores of a function need a note of their own. Stores to one struct come in a row: when several go up from the
//! same value of the same local and lie within 4 KiB, the first of them makes the notes of all.

use crate::barrier::stored;
use std::collections::HashMap;
use wasmparser::{MemArg, Operator};

/// Bytes that are noted from where a note is made, at the least.
const REACH: u64 = 4096;

/// What is to be noted when a store has happened.
#[derive(Clone, Copy)]
pub enum Note {
    /// Where it begins.
    Own,
    /// So many bytes up from the local that its address is, which is not above where it begins.
    From(u64),
    /// Nothing: an earlier store has noted it.
    Made,
}

/// A local, and how often it had been set.
type Value = (u32, u32);

/// Stores that go up from one value.
struct Group {
    first: usize,
    low: u64,
    high: u64,
}

#[derive(Default)]
struct Run {
    /// Of the operand stack what is known of it: the top, and of that, what is a local's value.
    stack: Vec<Option<Value>>,
    settings: HashMap<u32, u32>,
    groups: HashMap<Value, Group>,
}

/// For each operator; it means something for stores only.
pub fn plan<'a>(operators: impl Iterator<Item = &'a Operator<'a>>) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut run = Run::default();
    for (index, operator) in operators.enumerate() {
        notes.push(Note::Own);
        if let Some((_, bytes)) = stored(operator) {
            run.pop();
            if let (Some(value), Some(arg)) = (run.pop(), place(operator)) {
                run.join(
                    &mut notes,
                    value,
                    Group { first: index, low: arg.offset, high: arg.offset.saturating_add(bytes) },
                );
            }
        } else {
            run.step(operator);
        }
    }
    notes
}

impl Run {
    fn join(&mut self, notes: &mut [Note], value: Value, store: Group) {
        if let Some(group) = self.groups.get_mut(&value) {
            let (low, high) = (group.low.min(store.low), group.high.max(store.high));
            if high - low <= REACH {
                (group.low, group.high) = (low, high);
                notes[group.first] = Note::From(low);
                notes[store.first] = Note::Made;
                return;
            }
        }
        self.groups.insert(value, store);
    }

    fn pop(&mut self) -> Option<Value> {
        self.stack.pop().flatten()
    }

    /// Takes so many values from the stack, and puts an unknown one there.
    fn compute(&mut self, operands: usize) {
        for _ in 0..operands {
            self.stack.pop();
        }
        self.stack.push(None);
    }

    fn value(&self, local: u32) -> Value {
        (local, self.settings.get(&local).copied().unwrap_or(0))
    }

    fn set(&mut self, local: u32) {
        *self.settings.entry(local).or_default() += 1;
    }

    fn step(&mut self, operator: &Operator) {
        use Operator::*;
        match operator {
            LocalGet { local_index } => self.stack.push(Some(self.value(*local_index))),
            LocalSet { local_index } => {
                self.stack.pop();
                self.set(*local_index);
            }
            LocalTee { local_index } => {
                self.stack.pop();
                self.set(*local_index);
                self.stack.push(Some(self.value(*local_index)));
            }
            GlobalSet { .. } | Drop | BrIf { .. } => {
                self.stack.pop();
            }
            // arrived at from elsewhere, where the stores before have not happened
            Loop { .. } | Else | End => {
                *self = Self { settings: std::mem::take(&mut self.settings), ..Self::default() }
            }
            _ => match operands(operator) {
                Some(operands) => self.compute(operands),
                None => self.stack.clear(),
            },
        }
    }
}

/// Of operators with one result: how many values they take. None for all that are not known here.
fn operands(operator: &Operator) -> Option<usize> {
    use Operator::*;
    Some(match operator {
        I32Const { .. } | I64Const { .. } | F32Const { .. } | F64Const { .. } | GlobalGet { .. } => 0,
        I32Load { .. }
        | I64Load { .. }
        | F32Load { .. }
        | F64Load { .. }
        | I32Load8S { .. }
        | I32Load8U { .. }
        | I32Load16S { .. }
        | I32Load16U { .. } => 1,
        I64Load8S { .. }
        | I64Load8U { .. }
        | I64Load16S { .. }
        | I64Load16U { .. }
        | I64Load32S { .. }
        | I64Load32U { .. } => 1,
        I32Eqz | I64Eqz | I32Clz | I32Ctz | I32Popcnt | I64Clz | I64Ctz | I64Popcnt | I32WrapI64 | I64ExtendI32S
        | I64ExtendI32U => 1,
        I32Extend8S | I32Extend16S | I64Extend8S | I64Extend16S | I64Extend32S => 1,
        I32ReinterpretF32 | I64ReinterpretF64 | F32ReinterpretI32 | F64ReinterpretI64 | F64ConvertI32S
        | F64ConvertI32U | F64ConvertI64S | F64ConvertI64U => 1,
        I32Add | I32Sub | I32Mul | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl | I32Rotr
        | I32DivS | I32DivU | I32RemS | I32RemU => 2,
        I64Add | I64Sub | I64Mul | I64And | I64Or | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl | I64Rotr
        | I64DivS | I64DivU | I64RemS | I64RemU => 2,
        I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS | I32GeU => 2,
        I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS | I64GeU => 2,
        F32Add | F32Sub | F32Mul | F32Div | F64Add | F64Sub | F64Mul | F64Div => 2,
        Select => 3,
        _ => return None,
    })
}

fn place(operator: &Operator) -> Option<MemArg> {
    use Operator::*;
    match operator {
        I32Store { memarg }
        | I32Store8 { memarg }
        | I32Store16 { memarg }
        | I64Store { memarg }
        | I64Store8 { memarg }
        | I64Store16 { memarg }
        | I64Store32 { memarg }
        | F32Store { memarg }
        | F64Store { memarg }
        | V128Store { memarg }
        | V128Store8Lane { memarg, .. }
        | V128Store16Lane { memarg, .. }
        | V128Store32Lane { memarg, .. }
        | V128Store64Lane { memarg, .. } => Some(*memarg),
        _ => None,
    }
}
