//! One function made anew. Metering: each straight run of instructions is charged where it begins; the counter is
//! looked at on entry and at loop heads, so no execution gets past it for long. What touches memory goes by way of the
//! barrier.

use crate::barrier::{Barrier, Scratch};
use crate::cost::cost;
use crate::notes;
use crate::width::Width;
use std::cell::Cell;
use wasm_encoder::{BlockType, Function, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

pub struct Meter<'b> {
    /// Index of the i64 global with the instructions that are left; below zero means cut off.
    pub counter: u32,
    pub barrier: &'b Barrier,
    /// Whether passive data is dropped anywhere: an instance has it no more, and each message is to find it there.
    pub drops_data: Cell<bool>,
}

struct Step<'a> {
    operator: Operator<'a>,
    bytes: &'a [u8],
}

impl Meter<'_> {
    /// The body of a function, of those defined the one with this index, as the code section holds it, without its
    /// length.
    pub fn body(&self, index: usize, params: u32, body: &FunctionBody) -> Result<Vec<u8>, String> {
        let mut locals = Vec::new();
        let mut local_count = params;
        for group in body.get_locals_reader().map_err(|e| e.to_string())? {
            let (count, ty) = group.map_err(|e| e.to_string())?;
            local_count += count;
            locals.push((count, encoded(ty)?));
        }
        let steps = self.steps(index, body)?;
        let scratch = self.barrier.scratch(steps.iter().map(|step| &step.operator), local_count, &mut locals);
        let notes = notes::plan(steps.iter().map(|step| &step.operator));

        let mut function = Function::new(locals);
        let mut run_start = true; // the next instruction begins a straight run
        let mut check = true;
        for (index, step) in steps.iter().enumerate() {
            if run_start {
                self.charge(&mut function, self.run_cost(&steps[index..]), check);
                run_start = false;
                check = false;
            }
            if is_bulk(&step.operator) {
                self.barrier.take_length(&mut function, &step.operator, &scratch);
                self.charge_by_size(&mut function, &scratch);
            }
            if !self.barrier.rewrite(&mut function, &step.operator, &scratch, notes[index])? {
                function.raw(step.bytes.iter().copied());
            }
            if ends_run(&step.operator) {
                run_start = index + 1 < steps.len();
                check = matches!(step.operator, Operator::Loop { .. });
            }
        }
        Ok(function.into_raw_body())
    }

    fn steps<'a>(&self, index: usize, body: &FunctionBody<'a>) -> Result<Vec<Step<'a>>, String> {
        let base = body.range().start;
        let all = body.as_bytes();
        let mut reader = body.get_operators_reader().map_err(|e| e.to_string())?;
        let mut steps = Vec::new();
        while !reader.eof() {
            let from = (reader.original_position() - base) as usize;
            let operator = reader.read().map_err(|e| e.to_string())?;
            let to = (reader.original_position() - base) as usize;
            if let Some(name) = unsupported(&operator) {
                return Err(format!(
                    "Wasm module contains a function at index {index} with unsupported instruction {name}."
                ));
            }
            if matches!(operator, Operator::DataDrop { .. }) {
                self.drops_data.set(true);
            }
            steps.push(Step { operator, bytes: &all[from..to] });
        }
        Ok(steps)
    }

    fn charge(&self, function: &mut Function, amount: i64, check: bool) {
        if amount > 0 {
            function.instruction(&Instruction::GlobalGet(self.counter));
            function.instruction(&Instruction::I64Const(amount));
            function.instruction(&Instruction::I64Sub);
            function.instruction(&Instruction::GlobalSet(self.counter));
        }
        if check {
            self.check(function);
        }
    }

    fn check(&self, function: &mut Function) {
        function.instruction(&Instruction::GlobalGet(self.counter));
        function.instruction(&Instruction::I64Const(0));
        function.instruction(&Instruction::I64LtS);
        function.instruction(&Instruction::If(BlockType::Empty));
        function.instruction(&Instruction::Unreachable);
        function.instruction(&Instruction::End);
    }

    /// Charges a bulk operation one instruction per byte.
    fn charge_by_size(&self, function: &mut Function, length: &Scratch) {
        function.instruction(&Instruction::GlobalGet(self.counter));
        function.instruction(&Instruction::LocalGet(length.address()));
        if self.barrier.width == Width::W32 {
            function.instruction(&Instruction::I64ExtendI32U);
        }
        function.instruction(&Instruction::I64Sub);
        function.instruction(&Instruction::GlobalSet(self.counter));
        self.check(function);
    }

    fn run_cost(&self, steps: &[Step]) -> i64 {
        let mut total = 0;
        for step in steps {
            total += cost(&step.operator, self.barrier.width);
            if ends_run(&step.operator) {
                break;
            }
        }
        total
    }
}

/// What the replica refuses: it keeps no tables from one message to the next (dfinity/ic
/// `rs/embedders/src/wasm_utils/validation.rs`).
fn unsupported(operator: &Operator) -> Option<&'static str> {
    match operator {
        Operator::TableSet { .. } => Some("table.set"),
        Operator::TableGrow { .. } => Some("table.grow"),
        Operator::TableFill { .. } => Some("table.fill"),
        Operator::TableCopy { .. } => Some("table.copy"),
        Operator::TableInit { .. } => Some("table.init"),
        _ => None,
    }
}

pub fn is_bulk(operator: &Operator) -> bool {
    matches!(operator, Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } | Operator::MemoryInit { .. })
}

/// Control may leave here, or arrive right after.
fn ends_run(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::End
            | Operator::Br { .. }
            | Operator::BrIf { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
    )
}

fn encoded(ty: wasmparser::ValType) -> Result<ValType, String> {
    use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
    RoundtripReencoder.val_type(ty).map_err(|e| e.to_string())
}
