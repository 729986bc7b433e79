/** Linear discriminant analysis: one mean per label, one covariance for all, priors as counted. */
export class Lda {
  private constructor(
    private readonly labels: number[],
    private readonly weights: Float64Array[],
    private readonly biases: number[],
  ) {}

  static fit(features: Float64Array[], truth: ArrayLike<number>): Lda {
    const width = features[0]!.length;
    const groups = new Map<number, Float64Array[]>();
    features.forEach((row, at) => groups.set(truth[at]!, [...(groups.get(truth[at]!) ?? []), row]));
    const labels = [...groups.keys()].sort((a, b) => a - b);
    const means = labels.map((label) => {
      const rows = groups.get(label)!;
      const mean = new Float64Array(width);
      for (const row of rows) for (let i = 0; i < width; i++) mean[i]! += row[i]! / rows.length;
      return mean;
    });
    const covariance = Array.from({ length: width }, () => new Float64Array(width));
    labels.forEach((label, at) => {
      for (const row of groups.get(label)!) {
        const away = row.map((value, i) => value - means[at]![i]!);
        for (let i = 0; i < width; i++)
          for (let j = 0; j <= i; j++) covariance[i]![j]! += (away[i]! * away[j]!) / (features.length - labels.length);
      }
    });
    // A millionth of each variance on the diagonal: two features that always agree must not stop the fit.
    for (let i = 0; i < width; i++) covariance[i]![i]! += 1e-6 * covariance[i]![i]! + 1e-12;
    const factor = cholesky(covariance);
    const weights = means.map((mean) => solve(factor, mean));
    const biases = labels.map(
      (label, at) => Math.log(groups.get(label)!.length / features.length) - 0.5 * dot(weights[at]!, means[at]!),
    );
    return new Lda(labels, weights, biases);
  }

  predict(row: Float64Array): number {
    const scores = this.weights.map((weight, at) => dot(weight, row) + this.biases[at]!);
    return this.labels[scores.indexOf(Math.max(...scores))]!;
  }
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** Lower triangle L with L·Lᵀ = the matrix, of which the lower triangle is read. */
function cholesky(matrix: Float64Array[]): Float64Array[] {
  const factor = matrix.map((row) => new Float64Array(row.length));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i]![j]!;
      for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!;
      factor[i]![j] = i === j ? Math.sqrt(sum) : sum / factor[j]![j]!;
    }
  }
  return factor;
}

function solve(factor: Float64Array[], right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i]! -= factor[i]![k]! * x[k]!;
    x[i]! /= factor[i]![i]!;
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i]! -= factor[k]![i]! * x[k]!;
    x[i]! /= factor[i]![i]!;
  }
  return x;
}
