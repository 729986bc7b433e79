//! The store barrier: a module notes which 4 KiB of its memory it writes, so that the host commits or undoes a message
//! by what that message wrote, however large the heap is.
//!
//! The notes, a byte for each 4 KiB, lie in the same memory below everything the module has: each of its addresses is
//! moved up by `BASE`. For loads and stores that is an offset that costs nothing at run time; below `BASE` the module
//! reaches nothing, since addresses are unsigned. V8 gives a memory 4 GiB at most, whichever its addresses are, so both
//! widths have the same `BASE`.

use crate::meter::is_bulk;
use crate::notes::Note;
use crate::table;
use crate::width::Width;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, Function, FunctionSection, Instruction, MemArg, MemArgTarget,
    MemoryType, TypeSection, ValType,
};
use wasmparser::{Data, DataKind, Operator};

/// log2 of the bytes that share a note. `infra/ic/src/execution/instance.ts` has the same constants.
const GRAIN: u64 = 12;
/// Notes of 4 GiB, and one page: a store marks the 4 KiB where it begins and the next, for it may reach into them.
const BASE_PAGES: u64 = 17;
const BASE: u64 = BASE_PAGES << 16;
/// One page less than there are addresses: the very last address is never valid, whatever it is moved by.
const MOST_PAGES: u64 = 65_535;

const FROM_0: MemArg = MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

/// The functions that are added to a module.
pub struct Barrier {
    /// Index of `written`; that of `moved` is the next.
    pub first: u32,
    pub width: Width,
    /// Of the table's indices.
    pub table: Width,
}

/// Locals for what is on the stack while addresses are looked at.
pub struct Scratch {
    first: u32,
    kinds: Vec<ValType>,
}

impl Barrier {
    /// Appends what these operators need to a function's locals, of which there are `count`, parameters included.
    pub fn scratch<'a>(
        &self,
        operators: impl Iterator<Item = &'a Operator<'a>>,
        count: u32,
        locals: &mut Vec<(u32, ValType)>,
    ) -> Scratch {
        let mut kinds = Vec::new();
        for operator in operators {
            let needed = match stored(operator) {
                Some((kind, _)) => Some(kind),
                None if is_bulk(operator) => Some(self.middle(operator)),
                None if matches!(operator, Operator::MemoryGrow { .. }) || self.narrows(operator) => None,
                None => continue,
            };
            if kinds.is_empty() {
                kinds.push(self.width.kind()); // addresses have one of their own
            }
            if let Some(kind) = needed {
                if !kinds[1..].contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        locals.extend(kinds.iter().map(|kind| (1, *kind)));
        Scratch { first: count, kinds }
    }

    /// Whether it is about a table that has become narrower.
    fn narrows(&self, operator: &Operator) -> bool {
        self.table == Width::W64 && table::uses(operator)
    }

    /// Of a bulk operation: what lies on the stack between target and length.
    fn middle(&self, operator: &Operator) -> ValType {
        if matches!(operator, Operator::MemoryCopy { .. }) {
            self.width.kind()
        } else {
            ValType::I32
        }
    }

    /// Takes a bulk operation's length from the stack, as wide as an address. It is at most so much that the counter
    /// can be charged with it.
    pub fn take_length(&self, function: &mut Function, operator: &Operator, scratch: &Scratch) {
        if self.extends_length(operator) {
            function.instruction(&Instruction::I64ExtendI32U);
        }
        function.instruction(&Instruction::LocalSet(scratch.address()));
        if self.width == Width::W64 {
            function.instruction(&Instruction::LocalGet(scratch.address()));
            function.instruction(&self.width.constant(1 << 32));
            function.instruction(&Instruction::I64GtU);
            self.trap_if(function);
        }
    }

    /// The lengths of `memory.init` are those of its data: always 32 bits wide.
    fn extends_length(&self, operator: &Operator) -> bool {
        self.width == Width::W64 && matches!(operator, Operator::MemoryInit { .. })
    }

    /// Writes what stands for an operator that touches memory, or a table; `note` is for stores. Says no where the
    /// operator can stay as it is.
    pub fn rewrite(
        &self,
        function: &mut Function,
        operator: &Operator,
        scratch: &Scratch,
        note: Note,
    ) -> Result<bool, String> {
        match operator {
            Operator::MemorySize { .. } => {
                function.instruction(&Instruction::MemorySize(0));
                function.instruction(&self.width.constant(BASE_PAGES));
                function.instruction(&self.width.sub());
            }
            Operator::MemoryGrow { .. } => self.grow(function, scratch.address()),
            _ if is_bulk(operator) => self.bulk(function, operator, scratch)?,
            _ if self.narrows(operator) => table::rewrite(function, operator, scratch)?,
            _ => return self.moved(function, operator, scratch, note),
        }
        Ok(true)
    }

    /// On the stack: target, and source or value; the length has been taken.
    fn bulk(&self, function: &mut Function, operator: &Operator, scratch: &Scratch) -> Result<(), String> {
        let (length, middle) = (scratch.address(), scratch.value(self.middle(operator)));
        function.instruction(&Instruction::LocalSet(middle));
        function.instruction(&Instruction::LocalGet(length));
        function.instruction(&Instruction::Call(self.first));
        function.instruction(&Instruction::LocalGet(middle));
        if matches!(operator, Operator::MemoryCopy { .. }) {
            function.instruction(&Instruction::Call(self.first + 1));
        }
        function.instruction(&Instruction::LocalGet(length));
        if self.extends_length(operator) {
            function.instruction(&Instruction::I32WrapI64);
        }
        function.instruction(&RoundtripReencoder.instruction(operator.clone()).map_err(|e| e.to_string())?);
        Ok(())
    }

    /// Loads and stores. A store is noted when it has happened: then its address is known to be one.
    fn moved(
        &self,
        function: &mut Function,
        operator: &Operator,
        scratch: &Scratch,
        note: Note,
    ) -> Result<bool, String> {
        let mut mover = Mover { width: self.width, offset: None };
        let instruction = mover.instruction(operator.clone()).map_err(|e| e.to_string())?;
        let Some(offset) = mover.offset else { return Ok(false) };
        let Some((kind, _)) = stored(operator) else {
            function.instruction(&instruction);
            return Ok(true);
        };
        let from = match note {
            Note::Made => {
                function.instruction(&instruction);
                return Ok(true);
            }
            Note::From(lower) => lower,
            Note::Own => offset,
        };
        let (address, value) = (scratch.address(), scratch.value(kind));
        function.instruction(&Instruction::LocalSet(value));
        function.instruction(&Instruction::LocalTee(address));
        function.instruction(&Instruction::LocalGet(value));
        function.instruction(&instruction);
        function.instruction(&Instruction::LocalGet(address));
        if from != 0 {
            function.instruction(&self.width.constant(from));
            function.instruction(&self.width.add());
        }
        function.instruction(&self.width.constant(GRAIN));
        function.instruction(&self.width.shr());
        function.instruction(&Instruction::I32Const(0x0101));
        function.instruction(&Instruction::I32Store16(FROM_0));
        Ok(true)
    }

    fn grow(&self, function: &mut Function, before: u32) {
        function.instruction(&Instruction::MemoryGrow(0));
        function.instruction(&Instruction::LocalTee(before));
        function.instruction(&self.width.constant(BASE_PAGES));
        function.instruction(&self.width.sub());
        function.instruction(&self.width.constant(u64::MAX));
        function.instruction(&Instruction::LocalGet(before));
        function.instruction(&self.width.constant(u64::MAX));
        function.instruction(&self.width.ne());
        function.instruction(&Instruction::Select);
    }

    /// Adds `written(address, length)` and `moved(address)`: both give the address moved up, and trap where it cannot
    /// be valid; `written` notes the range.
    pub fn add_functions(
        &self,
        types: &mut TypeSection,
        known: u32,
        functions: &mut FunctionSection,
        code: &mut CodeSection,
    ) {
        let (kind, width) = (self.width.kind(), self.width);
        types.ty().function([kind, kind], [kind]);
        types.ty().function([kind], [kind]);
        functions.function(known);
        functions.function(known + 1);

        const ROOM: u32 = 2;
        let mut written = Function::new([(1, ValType::I64)]);
        let wide = |function: &mut Function, local| {
            function.instruction(&Instruction::LocalGet(local));
            if width == Width::W32 {
                function.instruction(&Instruction::I64ExtendI32U);
            }
        };
        written.instruction(&Instruction::MemorySize(0));
        if width == Width::W32 {
            written.instruction(&Instruction::I64ExtendI32U);
        }
        for part in [
            Instruction::I64Const(16),
            Instruction::I64Shl,
            Instruction::I64Const(BASE as i64),
            Instruction::I64Sub,
            Instruction::LocalSet(ROOM),
        ] {
            written.instruction(&part);
        }
        wide(&mut written, 1);
        written.instruction(&Instruction::LocalGet(ROOM));
        written.instruction(&Instruction::I64GtU);
        self.trap_if(&mut written);
        wide(&mut written, 0);
        written.instruction(&Instruction::LocalGet(ROOM));
        wide(&mut written, 1);
        written.instruction(&Instruction::I64Sub);
        written.instruction(&Instruction::I64GtU);
        self.trap_if(&mut written);
        let grain = [width.constant(GRAIN), width.shr()];
        let count = |function: &mut Function| {
            for part in
                [Instruction::LocalGet(0), Instruction::LocalGet(1), width.add(), width.constant(1), width.sub()]
                    .iter()
                    .chain(&grain)
            {
                function.instruction(part);
            }
            function.instruction(&Instruction::LocalGet(0));
            for part in grain.iter().chain(&[width.sub(), width.constant(1), width.add()]) {
                function.instruction(part);
            }
        };
        for part in [
            Instruction::LocalGet(1),
            width.constant(0),
            width.ne(),
            Instruction::If(BlockType::Empty),
            Instruction::LocalGet(0),
        ]
        .iter()
        .chain(&grain)
        {
            written.instruction(part);
        }
        written.instruction(&Instruction::I32Const(1));
        count(&mut written);
        for part in [
            Instruction::MemoryFill(0),
            Instruction::End,
            Instruction::LocalGet(0),
            width.constant(BASE),
            width.add(),
            Instruction::End,
        ] {
            written.instruction(&part);
        }
        code.function(&written);

        let mut moved = Function::new([]);
        for part in [Instruction::LocalGet(0), width.constant(0u64.wrapping_sub(BASE)), width.ge()] {
            moved.instruction(&part);
        }
        self.trap_if(&mut moved);
        for part in [Instruction::LocalGet(0), width.constant(BASE), width.add(), Instruction::End] {
            moved.instruction(&part);
        }
        code.function(&moved);
    }

    /// With the engine's own trap for an address out of bounds.
    fn trap_if(&self, function: &mut Function) {
        function.instruction(&Instruction::If(BlockType::Empty));
        function.instruction(&self.width.constant(u64::MAX));
        function.instruction(&Instruction::I32Load(FROM_0));
        function.instruction(&Instruction::Drop);
        function.instruction(&Instruction::End);
    }
}

impl Scratch {
    /// For an address, or a length.
    pub fn address(&self) -> u32 {
        self.first
    }

    fn value(&self, kind: ValType) -> u32 {
        self.first
            + 1
            + self.kinds[1..].iter().position(|one| *one == kind).expect("each kind that is stored has a local") as u32
    }
}

/// Re-encodes with offsets moved up by `BASE`, and remembers what the offset was.
struct Mover {
    width: Width,
    offset: Option<u64>,
}

impl Reencode for Mover {
    type Error = std::convert::Infallible;

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<MemArg, reencode::Error<Self::Error>> {
        self.offset = Some(arg.offset);
        let same = reencode::utils::mem_arg(self, arg)?;
        Ok(MemArg { offset: arg.offset.saturating_add(BASE).min(self.width.last()), ..same })
        // the last address is never valid
    }
}

/// The memory with room for the notes.
pub fn memory(ty: wasmparser::MemoryType) -> Result<MemoryType, String> {
    let room = MOST_PAGES - BASE_PAGES;
    if ty.initial > room {
        return Err(format!("Wasm module's memory begins with {} pages; this host has room for {room}", ty.initial));
    }
    let maximum = ty.maximum.unwrap_or(room).min(room) + BASE_PAGES;
    Ok(MemoryType {
        minimum: ty.initial + BASE_PAGES,
        maximum: Some(maximum),
        memory64: ty.memory64,
        shared: false,
        page_size_log2: None,
    })
}

/// A data segment, moved up if it has a place.
pub fn segment(section: &mut DataSection, data: Data, width: Width) -> Result<(), String> {
    match data.kind {
        DataKind::Passive => section.passive(data.data.iter().copied()),
        DataKind::Active { memory_index, offset_expr } => {
            let place =
                constant(offset_expr, width)?.ok_or("Wasm module places data at an address that is no constant")?;
            let moved = place.saturating_add(BASE).min(width.last());
            let moved = match width {
                Width::W32 => ConstExpr::i32_const(moved as u32 as i32),
                Width::W64 => ConstExpr::i64_const(moved as i64),
            };
            section.active(memory_index, &moved, data.data.iter().copied())
        }
    };
    Ok(())
}

/// The value of a constant expression of a valid module without imported globals (WebAssembly core: constant
/// expressions), if it is a number.
pub fn constant(expression: wasmparser::ConstExpr, width: Width) -> Result<Option<u64>, String> {
    let mut stack: Vec<i64> = Vec::new();
    for operator in expression.get_operators_reader() {
        let operator = operator.map_err(|e| e.to_string())?;
        let mut pair = |act: fn(i64, i64) -> i64| {
            let (b, a) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
            stack.push(act(a, b));
        };
        match operator {
            Operator::I32Const { value } => stack.push(value.into()),
            Operator::I64Const { value } => stack.push(value),
            Operator::I32Add | Operator::I64Add => pair(i64::wrapping_add),
            Operator::I32Sub | Operator::I64Sub => pair(i64::wrapping_sub),
            Operator::I32Mul | Operator::I64Mul => pair(i64::wrapping_mul),
            Operator::End => {}
            _ => return Ok(None),
        }
    }
    Ok(stack.pop().map(|value| value as u64 & width.last()))
}

/// What a store takes from the stack beside the address, and how many bytes it writes.
pub fn stored(operator: &Operator) -> Option<(ValType, u64)> {
    use Operator::*;
    Some(match operator {
        I32Store8 { .. } => (ValType::I32, 1),
        I32Store16 { .. } => (ValType::I32, 2),
        I32Store { .. } => (ValType::I32, 4),
        I64Store8 { .. } => (ValType::I64, 1),
        I64Store16 { .. } => (ValType::I64, 2),
        I64Store32 { .. } => (ValType::I64, 4),
        I64Store { .. } => (ValType::I64, 8),
        F32Store { .. } => (ValType::F32, 4),
        F64Store { .. } => (ValType::F64, 8),
        V128Store { .. } => (ValType::V128, 16),
        V128Store8Lane { .. } => (ValType::V128, 1),
        V128Store16Lane { .. } => (ValType::V128, 2),
        V128Store32Lane { .. } => (ValType::V128, 4),
        V128Store64Lane { .. } => (ValType::V128, 8),
        _ => return None,
    })
}
