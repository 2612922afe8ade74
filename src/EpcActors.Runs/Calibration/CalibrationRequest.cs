namespace EpcActors.Runs.Calibration;

/// <summary>Which page fault was measured.</summary>
public enum FaultKind
{
    /// <summary>A page comes back by ELDU, and another goes out by EWB for it.</summary>
    Swap,

    /// <summary>The first touch of a page that was added when the enclave was built.</summary>
    FirstTouch,

    /// <summary>A page that comes by EAUG and is accepted.</summary>
    Eaug,
}

/// <summary>Two measurements of one's own machine, by one thread each.</summary>
public sealed record CalibrationRequest
{
    /// <summary>
    /// The profile to begin with: a name, or the path of a file that ends in .conf. Empty: the shipped one that is
    /// nearest.
    /// </summary>
    public string Profile { get; init; } = "";

    /// <summary>Time of an access to a page that is in the EPC and mapped, nanoseconds; null: not measured.</summary>
    public double? AccessNs { get; init; }

    /// <summary>Time of a page that faults, nanoseconds; null: not measured.</summary>
    public double? FaultNs { get; init; }

    /// <summary>Which fault <see cref="FaultNs"/> is.</summary>
    public FaultKind Kind { get; init; }

    /// <summary>Clock of the machine, MHz; null: that of the profile.</summary>
    public int? ClockMhz { get; init; }
}

/// <summary>A profile fitted to the measurements, with what each microbenchmark takes before and after.</summary>
public sealed record CalibrationResult
{
    /// <summary>The profile that it began with.</summary>
    public required string Profile { get; init; }

    /// <summary>It was chosen among the shipped ones, being the nearest.</summary>
    public required bool IsChosen { get; init; }

    /// <summary>A row for each measurement.</summary>
    public required IReadOnlyList<CalibratedMeasurement> Measurements { get; init; }

    /// <summary>The adjusted profile, HOCON: for config keys <c>epc.costs</c>.</summary>
    public required string Text { get; init; }

    /// <summary>What is odd but allowed; a sentence each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>One measurement and how far the model is from it.</summary>
public sealed record CalibratedMeasurement
{
    /// <summary><c>access</c> or <c>fault</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What the microbenchmark does.</summary>
    public required string What { get; init; }

    /// <summary>As measured, nanoseconds.</summary>
    public required double MeasuredNs { get; init; }

    /// <summary>The same microbenchmark in the model with the profile as it was, nanoseconds.</summary>
    public required double ProfileNs { get; init; }

    /// <summary>The same with the adjusted profile, read from its text; nanoseconds.</summary>
    public required double AdjustedNs { get; init; }

    /// <summary>What the costs were multiplied with.</summary>
    public required double Factor { get; init; }

    /// <summary>The costs that this measurement changed, in cycles.</summary>
    public required IReadOnlyList<AdjustedCost> Costs { get; init; }

    /// <summary>How far the model is from the measurement; 0.01 is one percent too slow.</summary>
    public double Error => (AdjustedNs / MeasuredNs) - 1;
}

/// <summary>A cost before and after, cycles.</summary>
public sealed record AdjustedCost(string Key, int Before, int After);

/// <summary>A measurement that cannot be right; the message says what to do.</summary>
public sealed class CalibrationException(string message) : Exception(message);
