namespace EpcActors.Reports;

/// <summary>A mistake in a text of the reader's own.</summary>
/// <param name="Line">Line from 1 upward; 0 where it has no place.</param>
/// <param name="Column">Column from 1 upward.</param>
/// <param name="Text">The mistake and its remedy.</param>
public sealed record TextMistake(int Line, int Column, string Text);
