using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.Live;

/// <summary>A directory for the time of a mount: the stand-in programs, and a place to mount the device on.</summary>
internal sealed class RunDirectory : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public RunDirectory()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new MountException("a mount needs Linux");
        }

        Root = Directory.CreateTempSubdirectory("epc-mount-").FullName;
        File.SetUnixFileMode(Root, Executable);
        Directory.CreateDirectory(Device);
        Directory.CreateDirectory(Programs);
        foreach ((string name, string text) in StandIns.Programs)
        {
            string path = Path.Combine(Programs, name);
            File.WriteAllText(path, text);
            File.SetUnixFileMode(path, Executable);
        }
    }

    public string Root { get; }

    /// <summary>Where the device is mounted.</summary>
    public string Device => Path.Combine(Root, "dev");

    public string Programs => Path.Combine(Root, "bin");

    public void Dispose()
    {
        try
        {
            Directory.Delete(Programs, recursive: true);
            Directory.Delete(Device);
            Directory.Delete(Root);
        }
        catch (IOException)
        {
            // Something else was put there, or is still mounted: it is not ours to remove.
        }
    }
}
