namespace EpcActors.Mount.Fuse;

/// <summary>A file system cannot be mounted here; the message says why and what helps.</summary>
public sealed class MountException(string message) : Exception(message);
