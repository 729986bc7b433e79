//! What one instruction costs: the main network's table, so that figures measured here carry over.
//! Source: dfinity/ic `rs/embedders/src/wasm_utils/instrumentation.rs`.

use crate::width::Width;
use wasmparser::Operator;

pub fn cost(operator: &Operator, width: Width) -> i64 {
    use Operator::*;
    match operator {
        Block { .. } | Loop { .. } | Else | End | Nop | Unreachable => 0,
        Br { .. } | BrIf { .. } | BrTable { .. } | If { .. } => 2,
        Call { .. } => 5,
        CallIndirect { .. } => 10,
        GlobalGet { .. } | GlobalSet { .. } => 2,
        I32DivS | I32DivU | I32RemS | I32RemU | I64DivS | I64DivU | I64RemS | I64RemU => 10,
        I32Load { .. }
        | I32Load8S { .. }
        | I32Load8U { .. }
        | I32Load16S { .. }
        | I32Load16U { .. }
        | F32Load { .. }
        | F64Load { .. } => access(width),
        I64Load { .. }
        | I64Load8S { .. }
        | I64Load8U { .. }
        | I64Load16S { .. }
        | I64Load16U { .. }
        | I64Load32S { .. }
        | I64Load32U { .. } => access(width),
        I32Store { .. } | I32Store8 { .. } | I32Store16 { .. } | F32Store { .. } | F64Store { .. } => access(width),
        I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } => access(width),
        V128Load { .. }
        | V128Load8x8S { .. }
        | V128Load8x8U { .. }
        | V128Load16x4S { .. }
        | V128Load16x4U { .. }
        | V128Load32x2S { .. }
        | V128Load32x2U { .. } => access(width),
        V128Load8Splat { .. }
        | V128Load16Splat { .. }
        | V128Load32Splat { .. }
        | V128Load64Splat { .. }
        | V128Load32Zero { .. }
        | V128Load64Zero { .. } => access(width),
        V128Load8Lane { .. } | V128Load16Lane { .. } | V128Load32Lane { .. } | V128Load64Lane { .. } => access(width),
        V128Store { .. }
        | V128Store8Lane { .. }
        | V128Store16Lane { .. }
        | V128Store32Lane { .. }
        | V128Store64Lane { .. } => access(width),
        MemoryGrow { .. } => 300,
        MemorySize { .. } => 20,
        TableSize { .. } => 100,
        TableGet { .. } => 5,
        MemoryFill { .. } | MemoryCopy { .. } | MemoryInit { .. } => 100,
        DataDrop { .. } | ElemDrop { .. } => 300,
        RefIsNull => 5,
        RefFunc { .. } => 130,
        F32Add | F32Sub | F32Mul | F64Add | F64Sub | F64Mul => 2,
        F32Ceil | F32Floor | F32Trunc | F32Nearest | F64Ceil | F64Floor | F64Trunc | F64Nearest => 2,
        F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge => 3,
        F32Div => 3,
        F64Div => 5,
        F32Min | F32Max | F64Min | F64Max => 18,
        F32Sqrt => 5,
        F64Sqrt => 8,
        F32Copysign => 2,
        F64Copysign => 3,
        I32TruncF32S | I32TruncF32U | I32TruncF64S | I32TruncF64U | I64TruncF32S | I64TruncF32U | I64TruncF64S
        | I64TruncF64U => 20,
        I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U => 20,
        I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U => 20,
        F32ConvertI32S | F32ConvertI64S | F64ConvertI32S | F64ConvertI64S => 3,
        F32ConvertI32U | F32ConvertI64U | F64ConvertI32U | F64ConvertI64U => 16,
        F32x4Div => 10,
        F64x2Div => 12,
        F32x4Sqrt => 9,
        F64x2Sqrt => 14,
        _ => 1,
    }
}

fn access(width: Width) -> i64 {
    if width == Width::W32 {
        1
    } else {
        2
    }
}
