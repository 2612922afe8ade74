namespace EpcActors.Runs;

/// <summary>
/// Messages of one kind from tasks of one kind to resources of one kind, in the words of <see
/// cref="Results.MessageReport"/>.
/// </summary>
public readonly record struct LiveMessages(string Kind, string Asker, string Resource, long Count);
