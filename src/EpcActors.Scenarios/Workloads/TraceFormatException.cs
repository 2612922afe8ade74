namespace EpcActors.Scenarios.Workloads;

/// <summary>A trace that cannot be read: where, what is wrong, and what would be right.</summary>
public sealed class TraceFormatException : FormatException
{
    public TraceFormatException(string source, int line, int column, string problem, string remedy)
        : base($"{source}:{line}:{column}: {problem}; {remedy}")
    {
        TraceName = source;
        Line = line;
        Column = column;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>Name of the trace, as the caller gave it.</summary>
    public string TraceName { get; }

    /// <summary>Line, from 1.</summary>
    public int Line { get; }

    /// <summary>Column of the offending field, from 1; behind the last character when a field is missing.</summary>
    public int Column { get; }

    /// <summary>The problem.</summary>
    public string Problem { get; }

    /// <summary>The remedy: text to write instead.</summary>
    public string Remedy { get; }
}
