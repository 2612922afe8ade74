using EpcActors.Mount.Fuse;

namespace EpcActors.Tests.Mount;

/// <summary>A test that mounts: skipped, with the reason, where there is no /dev/fuse or no right to mount.</summary>
public sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute() => Skip = FuseServer.WhyNot();
}

/// <summary>The same with cases.</summary>
public sealed class MountTheoryAttribute : TheoryAttribute
{
    public MountTheoryAttribute() => Skip = FuseServer.WhyNot();
}
