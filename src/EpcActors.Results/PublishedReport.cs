namespace EpcActors.Results;

/// <summary>Published measurements beside what the model makes of them.</summary>
/// <param name="Rows">In the order of the table.</param>
public sealed record PublishedReport(IReadOnlyList<PublishedRow> Rows)
{
    /// <summary>Every ratio is where it was when the table was written.</summary>
    public bool IsAsKnown => Rows.All(row => row.IsAsKnown);
}

/// <summary>One published measurement and the same in the model.</summary>
public sealed record PublishedRow
{
    /// <summary>A ratio beyond this, or below its inverse, has a known reason.</summary>
    public const double FarOff = 1.5;

    /// <summary>A word for the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Publication and place in it.</summary>
    public required string Publication { get; init; }

    /// <summary>Machine of the publication.</summary>
    public required string Machine { get; init; }

    /// <summary>The measured quantity.</summary>
    public required string What { get; init; }

    /// <summary>Unit of both figures; empty for a ratio.</summary>
    public required string Unit { get; init; }

    /// <summary>The published figure; the middle of a range.</summary>
    public required double Published { get; init; }

    /// <summary>The range as published; empty for a single figure.</summary>
    public string Range { get; init; } = "";

    /// <summary>The figure of the model.</summary>
    public required double Product { get; init; }

    /// <summary>The ratio lies here, ends included, as long as costs and routines are what they were.</summary>
    public required double LeastRatio { get; init; }

    /// <summary>As <see cref="LeastRatio"/>.</summary>
    public required double MostRatio { get; init; }

    /// <summary>Cause of a ratio that is far off; empty for the others.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Scenario file of the model.</summary>
    public required string Scenario { get; init; }

    /// <summary>The model's figure over the published one.</summary>
    public double Ratio => Product / Published;

    /// <summary>Off by more than <see cref="FarOff"/>, in either direction.</summary>
    public bool IsFarOff => Ratio is > FarOff or < 1 / FarOff;

    /// <summary>The ratio is within its tolerance.</summary>
    public bool IsAsKnown => Ratio >= LeastRatio && Ratio <= MostRatio;
}
