using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Published;

/// <summary>One published measurement, and how the model comes to the same figure.</summary>
internal sealed record PublishedFigure
{
    /// <summary>A word for the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Publication and place in it.</summary>
    public required string Publication { get; init; }

    /// <summary>Machine of the publication.</summary>
    public required string Machine { get; init; }

    /// <summary>The measured quantity.</summary>
    public required string What { get; init; }

    /// <summary>Unit of the figure; empty for a ratio.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The figure; the middle of a range.</summary>
    public required double Value { get; init; }

    /// <summary>The range as published; empty for a single figure.</summary>
    public string Range { get; init; } = "";

    /// <summary>Runs that <see cref="Measure"/> gets, in this order.</summary>
    public required IReadOnlyList<PublishedRun> Runs { get; init; }

    /// <summary>The model's figure, in <see cref="Unit"/>.</summary>
    public required Func<IReadOnlyList<MeasuredRun>, double> Measure { get; init; }

    /// <summary>Least and most of the ratio, model to publication.</summary>
    public required (double Least, double Most) Ratio { get; init; }

    /// <summary>Cause of a ratio that is off by more than <see cref="PublishedRow.FarOff"/>.</summary>
    public string Reason { get; init; } = "";
}

/// <summary>One run of a scenario in config/published.</summary>
/// <param name="Scenario">Its name, without folder and extension.</param>
/// <param name="Settings">Settings over the file, <c>key=value</c>.</param>
internal sealed record PublishedRun(string Scenario, params string[] Settings)
{
    /// <summary>Path of the file in the repository; the program carries it.</summary>
    public string File => $"config/published/{Scenario}.conf";

    /// <summary>The same for runs that are the same.</summary>
    public string Key => string.Join('\n', [Scenario, .. Settings]);
}

/// <summary>A run that has ended, with its scenario.</summary>
internal sealed record MeasuredRun(Scenario Scenario, RunReport Report);
