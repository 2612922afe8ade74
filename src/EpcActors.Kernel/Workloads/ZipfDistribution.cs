using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// Ranks with the probability of rank k proportional to (k + 1)^-theta. Immutable; a few numbers whatever the size, and
/// exact in distribution up to the rounding of a double.
/// </summary>
/// <remarks>
/// Rejection-inversion of Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
/// distributions" (ACM TOMACS 6(3), 1996). The integral of x^-theta is inverted at a uniform point; the rank nearest
/// to it is taken when the point lies under its bar. Almost always the first try, and almost always without computing
/// the bar. YCSB's own generator (Gray and others, 1994) approximates and needs a sum over all items first.
/// </remarks>
public sealed class ZipfDistribution
{
    /// <summary>Largest skew accepted.</summary>
    public const double MaxTheta = 4.0;

    // Nearer to 1 than this, x^(1 - theta) is too flat to invert; 1 itself differs from it by less than 2e-6 in any
    // probability.
    private const double LogarithmicBand = 1e-7;

    private readonly bool _isLogarithmic;
    private readonly double _oneMinusTheta;
    private readonly double _oneOverOneMinusTheta;
    private readonly double _lowest;
    private readonly double _highest;
    private readonly double _surelyAccepted;

    /// <param name="count">How many ranks, from 1.</param>
    /// <param name="theta">Skew, 0 (uniform) to <see cref="MaxTheta"/>; YCSB takes 0.99.</param>
    public ZipfDistribution(long count, double theta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1L << 50);
        if (!(theta is >= 0.0 and <= MaxTheta))
        {
            throw new ArgumentOutOfRangeException(nameof(theta), theta, $"The skew must lie between 0 and {MaxTheta}.");
        }

        Count = count;
        Theta = theta;
        _oneMinusTheta = 1.0 - theta;
        _isLogarithmic = _oneMinusTheta is < LogarithmicBand and > -LogarithmicBand;
        _oneOverOneMinusTheta = _isLogarithmic ? 0.0 : 1.0 / _oneMinusTheta;

        // The first bar has its exact area, 1, from here to H(1.5): it is never rejected.
        _lowest = Integral(1.5) - 1.0;
        _highest = Integral(count + 0.5);
        _surelyAccepted = 2.0 - InverseIntegral(Integral(2.5) - Density(2.0));
    }

    /// <summary>How many ranks.</summary>
    public long Count { get; }

    /// <summary>The skew.</summary>
    public double Theta { get; }

    /// <summary>A rank, 0 being the likeliest, up to <see cref="Count"/> - 1.</summary>
    public long Draw(ref Prng prng)
    {
        while (true)
        {
            double point = _highest + (prng.NextUnit() * (_lowest - _highest));
            double x = InverseIntegral(point);
            long bar = (long)(x + 0.5);
            bar = bar < 1 ? 1 : bar > Count ? Count : bar;
            if (bar - x <= _surelyAccepted || point >= Integral(bar + 0.5) - Density(bar))
            {
                return bar - 1;
            }
        }
    }

    // H(x), an integral of x^-theta; which one does not matter, the same constant enters everywhere.
    private double Integral(double x) => _isLogarithmic
        ? DeterministicMath.Ln(x)
        : DeterministicMath.Exp(_oneMinusTheta * DeterministicMath.Ln(x)) * _oneOverOneMinusTheta;

    private double InverseIntegral(double y) => _isLogarithmic
        ? DeterministicMath.Exp(y)
        : DeterministicMath.Exp(DeterministicMath.Ln(y * _oneMinusTheta) * _oneOverOneMinusTheta);

    private double Density(double x) => DeterministicMath.Exp(-Theta * DeterministicMath.Ln(x));
}
