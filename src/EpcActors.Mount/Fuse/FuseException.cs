using EpcActors.Kernel;

namespace EpcActors.Mount.Fuse;

/// <summary>A system call on the mount fails with an error number.</summary>
public sealed class FuseException(Errno errno) : Exception($"the system call fails with {errno}")
{
    /// <summary>The error number that the caller sees.</summary>
    public Errno Errno { get; } = errno;
}
