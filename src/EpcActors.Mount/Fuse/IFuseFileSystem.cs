namespace EpcActors.Mount.Fuse;

/// <summary>
/// What a mount means: files, directories, and what happens when they are read and written. An error number is a
/// <see cref="FuseException"/>. Called on the thread of the server; an operation that takes time returns a task.
/// </summary>
public interface IFuseFileSystem
{
    FuseAttr GetAttr(ulong node);

    FuseAttr SetAttr(ulong node, FuseChange change);

    FuseAttr Lookup(ulong parent, string name);

    /// <summary>The kernel has forgotten a node so many times.</summary>
    void Forget(ulong node, ulong count);

    /// <summary>Opens a file.</summary>
    /// <returns>The handle, and whether it is a stream without a position whose close is to be told.</returns>
    (ulong Handle, bool IsStream) Open(ulong node, uint flags, FuseCaller caller);

    ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        ulong handle, ulong offset, uint size, FuseCaller caller, CancellationToken interrupted);

    /// <summary>One write(2). All of it is taken, or none.</summary>
    ValueTask WriteAsync(ulong handle, byte[] data, FuseCaller caller, CancellationToken interrupted);

    /// <summary>One of the descriptors of a stream is closed.</summary>
    ValueTask FlushAsync(ulong handle, FuseCaller caller);

    /// <summary>The last descriptor is closed.</summary>
    void Release(ulong handle);

    /// <summary>Entries of a directory, without . and ..</summary>
    IReadOnlyList<FuseDirectoryEntry> List(ulong node);

    ValueTask<FuseAttr> MkDirAsync(ulong parent, string name, uint mode, FuseCaller caller);

    ValueTask RmDirAsync(ulong parent, string name);

    /// <summary>Events of a file, as poll(2) has them.</summary>
    /// <param name="handle">The open file.</param>
    /// <param name="notice">Number to give to <see cref="FuseServer.NotifyPoll"/> when they change; null: not
    /// wanted.</param>
    uint Poll(ulong handle, ulong? notice);
}
