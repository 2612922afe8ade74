namespace EpcActors.Kernel.Workloads;

/// <summary>
/// Logarithm and exponential from additions, multiplications and divisions alone, which IEEE 754 defines to the last
/// bit.
/// </summary>
/// <remarks>
/// <c>Math.Log</c>, <c>Math.Exp</c> and <c>Math.Pow</c> call the C library of the machine, whose last bits differ
/// between libraries and versions; one such bit in a sampler is another page, and another trace. The error here is a
/// few units in the last place, far below what any statistics can see. Both use tables with steps so small that a
/// short polynomial does the rest; the tables are computed by plain series when the class is first used.
/// </remarks>
public static class DeterministicMath
{
    private const double Ln2 = 0.6931471805599453;
    private const int LnSteps = 128;
    private const int ExpSteps = 64;
    private const double ExpStepsPerLn2 = ExpSteps / Ln2;

    // ln 2 / 64 in two parts: the first has 32 significant bits, so that k times it is exact for every k in range.
    private const double StepHigh = (double)(long)(Ln2 / ExpSteps * (1L << 38)) / (1L << 38);
    private const double StepLow = (Ln2 - (StepHigh * ExpSteps) + 2.3190468138462996e-17) / ExpSteps;

    private static readonly double[] Reciprocals = MakeReciprocals();
    private static readonly double[] Logarithms = MakeLogarithms();
    private static readonly double[] Powers = MakePowers();

    /// <summary>
    /// Natural logarithm of a normal number above 0; absolute error below 1e-15 times (1 + |result|).
    /// </summary>
    public static double Ln(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52) - 1023;
        int index = (int)(bits >> 45) & (LnSteps - 1);
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);

        // mantissa = centre * (1 + r) with |r| < 1/256: six terms of the series leave 2e-18.
        double r = (mantissa * Reciprocals[index]) - 1.0;
        double squared = r * r;
        double tail = (1.0 / 3.0) - (r * 0.25) + (squared * (0.2 - (r * (1.0 / 6.0))));
        return (exponent * Ln2) + (Logarithms[index] + (r - (squared * (0.5 - (r * tail)))));
    }

    /// <summary>
    /// e to the power <paramref name="x"/>, for |x| up to 700 (beyond, that of the nearer bound); relative error
    /// below 1e-15.
    /// </summary>
    public static double Exp(double x)
    {
        x = x > 700.0 ? 700.0 : x < -700.0 ? -700.0 : x;

        // x = k ln 2 / 64 + r with |r| < 0.0055: five terms leave 4e-17.
        double steps = Math.Floor((x * ExpStepsPerLn2) + 0.5);
        int k = (int)steps;
        double r = (x - (steps * StepHigh)) - (steps * StepLow);
        double squared = r * r;
        double tail = (1.0 / 6.0) + (r * ((1.0 / 24.0) + (r * (1.0 / 120.0))));
        double polynomial = 1.0 + (r + (squared * (0.5 + (r * tail))));
        double scale = BitConverter.Int64BitsToDouble((long)((k >> 6) + 1023) << 52);
        return polynomial * Powers[k & (ExpSteps - 1)] * scale;
    }

    private static double[] MakeReciprocals()
    {
        double[] reciprocals = new double[LnSteps];
        for (int i = 0; i < LnSteps; i++)
        {
            reciprocals[i] = 1.0 / (1.0 + ((i + 0.5) / LnSteps));
        }

        return reciprocals;
    }

    private static double[] MakeLogarithms()
    {
        double[] logarithms = new double[LnSteps];
        for (int i = 0; i < LnSteps; i++)
        {
            // ln c = 2 artanh((c - 1) / (c + 1)), smallest terms first.
            double ratio = (i + 0.5) / (LnSteps + LnSteps + i + 0.5);
            double sum = 0.0;
            for (int n = 41; n >= 1; n -= 2)
            {
                sum = (sum * ratio * ratio) + (1.0 / n);
            }

            logarithms[i] = 2.0 * ratio * sum;
        }

        return logarithms;
    }

    private static double[] MakePowers()
    {
        double[] powers = new double[ExpSteps];
        for (int i = 0; i < ExpSteps; i++)
        {
            double x = i * Ln2 / ExpSteps;
            double sum = 1.0;
            for (int n = 24; n >= 1; n--)
            {
                sum = 1.0 + (x / n * sum);
            }

            powers[i] = sum;
        }

        return powers;
    }
}
