import type { RuntimeError } from '../../errors.js';
import { refused } from '../refusal.js';
import { TYPES, type ElementType, type Value } from '../values.js';

export type AttributeKind = 'int' | 'float' | 'text' | 'ints' | 'floats' | 'tensor';
export type AttributeValue = number | string | readonly number[] | Value;

/** An operator that a model may use: what it takes, and what comes out for tensors of known shapes. */
export interface Operator {
  /** The least and the most inputs. */
  inputs: readonly [number, number];
  /** The most outputs; else one. */
  outputs?: number;
  attributes?: Readonly<Record<string, AttributeKind>>;
  /** The operator set that brought it, where that is later than the first that is allowed. */
  since?: number;
  infer(node: NodeToInfer): Value[];
  /** Multiplications, where they are more than there are numbers in the output. */
  work?(node: NodeToInfer, outputs: readonly Value[]): number;
}

/** One use of an operator: its inputs and attributes, and how it is refused. */
export class NodeToInfer {
  constructor(
    readonly place: string,
    readonly opset: number,
    private readonly given: readonly (Value | undefined)[],
    private readonly attributes: ReadonlyMap<string, AttributeValue>,
    /** How many outputs it names. */
    readonly outputs: number,
  ) {}

  get count(): number {
    return this.given.length;
  }

  has(index: number): boolean {
    return this.given[index] !== undefined;
  }

  input(index: number, ...types: ElementType[]): Value {
    const value = this.given[index];
    if (!value) throw this.refused(`input ${index} must be given`);
    const allowed = types.length === 0 ? [TYPES.float] : types;
    if (!allowed.includes(value.type)) throw this.refused(`input ${index} must be of a type that the operator takes`);
    return value;
  }

  /** Every input, of one type. */
  all(...types: ElementType[]): Value[] {
    const values = this.given.map((_, index) => this.input(index, ...types));
    if (values.some(({ type }) => type !== values[0]!.type)) throw this.refused('its inputs must be of one type');
    return values;
  }

  /** A float tensor of so many dimensions, or at least so many. */
  ranked(index: number, rank: number, most = rank): Value {
    const value = this.input(index);
    if (value.dims.length < rank || value.dims.length > most)
      throw this.refused(`input ${index} must have ${rank === most ? rank : `${rank} to ${most}`} dimensions`);
    return value;
  }

  /** Whole numbers that stand in the file. */
  constant(index: number): readonly number[] {
    const { ints } = this.input(index, TYPES.int64);
    if (!ints) throw this.refused(`input ${index} must be a constant of the file`);
    return ints;
  }

  int(name: string, otherwise: number): number {
    return (this.attributes.get(name) as number | undefined) ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attributes.get(name) as readonly number[] | undefined;
  }

  floats(name: string): readonly number[] | undefined {
    return this.attributes.get(name) as readonly number[] | undefined;
  }

  /** The names of the attributes that are given. */
  get named(): string[] {
    return [...this.attributes.keys()];
  }

  text(name: string, allowed: readonly string[]): string {
    const value = (this.attributes.get(name) as string | undefined) ?? allowed[0]!;
    if (!allowed.includes(value)) throw this.refused(`attribute ${name} must be one of ${allowed.join(', ')}`);
    return value;
  }

  tensor(name: string): Value | undefined {
    return this.attributes.get(name) as Value | undefined;
  }

  /** An attribute that may only have one value, if it is given. */
  only(name: string, value: number): void {
    if (this.int(name, value) !== value) throw this.refused(`attribute ${name} must be ${value}`);
  }

  /** An axis of a tensor, counted from its front. */
  axis(axis: number, rank: number): number {
    const counted = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(counted) || counted < 0 || counted >= rank) throw this.refused('an axis must exist');
    return counted;
  }

  axes(axes: readonly number[], rank: number): number[] {
    const counted = axes.map((axis) => this.axis(axis, rank));
    if (new Set(counted).size !== counted.length) throw this.refused('an axis is named once');
    return counted;
  }

  /** The axes of a reduction or a squeeze: an input, or, before its operator set, an attribute. */
  axesGiven(index: number, since: number): readonly number[] | undefined {
    if (this.opset < since) {
      if (this.count > index) throw this.refused('its axes must be an attribute');
      return this.ints('axes');
    }
    if (this.ints('axes')) throw this.refused('its axes must be an input');
    return this.has(index) ? this.constant(index) : undefined;
  }

  refused(allowed: string): RuntimeError {
    return refused(this.place, allowed);
  }
}
