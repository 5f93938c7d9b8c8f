/**
 * Arithmetic and comparison of two numbers, as Go does them. Definition of the kernel `rows`.
 */

/** Operators on numbers. */
export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
/** Operators that compare numbers. */
export type CompareOp = "==" | "!=" | "<" | ">" | "<=" | ">=";

/** Go's math.Pow: 1 to any power and ±1 to an infinite one are 1, where JavaScript says NaN. */
export function pow(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  return base ** exponent;
}

/** Go's math.Max: an infinity wins over NaN. */
export function goMax(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** Go's math.Min: an infinity wins over NaN. */
export function goMin(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** `left op right`. */
export function arithmetic(op: ArithmeticOp, left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return pow(left, right);
    case "atan2":
      return Math.atan2(left, right);
  }
}

/** Whether `left op right` holds; nothing but `!=` holds for NaN. */
export function compares(op: CompareOp, left: number, right: number): boolean {
  switch (op) {
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "<=":
      return left <= right;
    case ">=":
      return left >= right;
  }
}

const compareOps: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);
const arithmeticOps: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "^", "atan2"]);

/** Whether an operator compares. */
export function isCompareOp(op: string): op is CompareOp {
  return compareOps.has(op);
}

/** Whether an operator computes. */
export function isArithmeticOp(op: string): op is ArithmeticOp {
  return arithmeticOps.has(op);
}
