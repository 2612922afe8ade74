namespace EpcActors.Races.Explorer;

/// <summary>
/// One step of a path by names: the task that makes it, and the answers of the world outside on the way to the task's
/// next request.
/// </summary>
/// <param name="Task">Name of the task; empty for the answers that tasks need before the first step.</param>
/// <param name="Answers">A letter for each choice that came up, <c>1</c> for yes and <c>0</c> for no; noes at the end
/// are left out.</param>
public sealed record RaceMove(string Task, string Answers = "")
{
    /// <summary>The step as a path spells it: <c>CPU0</c>, <c>ksgxd!1</c>.</summary>
    public override string ToString() =>
        Uri.EscapeDataString(Task) + (Answers.Length > 0 ? $"!{Answers}" : "");
}
