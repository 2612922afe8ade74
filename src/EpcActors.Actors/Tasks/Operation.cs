namespace EpcActors.Actors.Tasks;

/// <summary>One thing that a task of a race does. <paramref name="Text"/>: as a configuration says it.</summary>
public abstract record Operation(string Text);
