using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.CgroupFs;

/// <summary>What reads of a file give and writes to it do.</summary>
internal sealed class FileContents(ICgroupMachine machine, CgroupHierarchy hierarchy)
{
    /// <summary>Text of a file. ENODEV when its directory is gone, or the controller was taken away.</summary>
    public string Read(CgroupDirectory directory, CgroupFile file) => Text(directory, file, looks: true);

    /// <summary>The same for a look that comes often: of the host's processes as they were a moment ago.</summary>
    public string Peek(CgroupDirectory directory, CgroupFile file) => Text(directory, file, looks: false);

    /// <summary>One write(2).</summary>
    public Task WriteAsync(CgroupDirectory directory, CgroupFile file, string text, FuseCaller caller)
    {
        RequireThere(directory, file);
        switch (file.Kind)
        {
            case FileKind.Procs:
                return hierarchy.AttachAsync(directory, text, caller);
            case FileKind.SubtreeControl:
                return hierarchy.ControlAsync(directory, text);
            case FileKind.MiscMax:
                return Checked(machine.WriteMiscMaxAsync(directory.Place, text));
            case FileKind.MemoryMax:
                Require(CgroupText.ParseMemory(text, out Limit max));
                return Checked(machine.WriteMemoryMaxAsync(directory.Place, max));
            case FileKind.MemorySwapMax:
                // There is no swap; a limit on it changes nothing.
                Require(CgroupText.ParseMemory(text, out _));
                return Task.CompletedTask;
            case FileKind.Kill:
                Require(CgroupText.Strip(text) == "1" ? Errno.Ok : Errno.EINVAL);
                hierarchy.Kill(directory);
                return Task.CompletedTask;
            case FileKind.MaxDescendants:
                Require(CgroupText.ParseTreeLimit(text, out int descendants));
                directory.MaxDescendants = descendants;
                return Task.CompletedTask;
            case FileKind.MaxDepth:
                Require(CgroupText.ParseTreeLimit(text, out int depth));
                directory.MaxDepth = depth;
                return Task.CompletedTask;
            case FileKind.Type:
                // Neither memory nor misc is a threaded controller.
                throw new FuseException(
                    CgroupText.Strip(text) == "threaded" ? Errno.EOPNOTSUPP : Errno.EINVAL);
            case FileKind.Threads:
                throw new FuseException(Errno.EOPNOTSUPP);
            case FileKind.ControllerList or FileKind.Events or FileKind.Stat or FileKind.MiscCapacity
                or FileKind.MiscCurrent or FileKind.MiscPeak or FileKind.MiscEvents or FileKind.MiscEventsLocal
                or FileKind.MemoryCurrent or FileKind.MemoryEvents or FileKind.MemorySwapCurrent:
                // Root may open any file; a file without a write is EINVAL then (cgroup_file_write).
                throw new FuseException(Errno.EINVAL);
            default:
                throw new FuseException(Errno.EIO);
        }
    }

    private static async Task Checked(Task<Errno> write) => Require(await write.ConfigureAwait(false));

    private static void Require(Errno errno)
    {
        if (errno != Errno.Ok)
        {
            throw new FuseException(errno);
        }
    }

    private void RequireThere(CgroupDirectory directory, CgroupFile file)
    {
        if (directory.IsRemoved || !file.IsIn(directory, machine.MiscFiles))
        {
            throw new FuseException(Errno.ENODEV);
        }
    }

    private string Text(CgroupDirectory directory, CgroupFile file, bool looks)
    {
        RequireThere(directory, file);
        if (file.Misc is { } misc)
        {
            return machine.ReadMisc(directory.Place, misc);
        }

        return file.Kind switch
        {
            FileKind.Type => "domain\n",
            FileKind.Procs or FileKind.Threads => CgroupText.Lines(hierarchy.Processes(directory)),
            FileKind.ControllerList => CgroupText.Names(directory.Available),
            FileKind.SubtreeControl => CgroupText.Names(directory.Control),
            FileKind.Events => $"populated {(hierarchy.IsPopulated(directory, looks) ? 1 : 0)}\nfrozen 0\n",
            FileKind.MaxDescendants => CgroupText.TreeLimit(directory.MaxDescendants),
            FileKind.MaxDepth => CgroupText.TreeLimit(directory.MaxDepth),
            FileKind.Stat => Stat(directory),
            FileKind.MemoryCurrent => CgroupText.Bytes(machine.ReadMemory(directory.Place).UsagePages),
            FileKind.MemoryMax => $"{machine.ReadMemory(directory.Place).Max}\n",
            FileKind.MemoryEvents => MemoryEvents(machine.ReadMemory(directory.Place)),
            FileKind.MemorySwapCurrent => "0\n",
            FileKind.MemorySwapMax => "max\n",

            // cgroup.kill can only be written.
            _ => throw new FuseException(Errno.EINVAL),
        };
    }

    private string Stat(CgroupDirectory directory)
    {
        lock (hierarchy.Gate)
        {
            int dying = directory.Place >= 0 ? machine.DyingBelow(directory.Place) : 0;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"nr_descendants {directory.Subtree().Count() - 1}\nnr_dying_descendants {dying}\n");
        }
    }

    /// <summary>memory.events; without swap a charge that finds no room goes to the killer at once.</summary>
    private static string MemoryEvents(MemoryFigures memory) => string.Create(
        CultureInfo.InvariantCulture,
        $"low 0\nhigh 0\nmax {memory.MaxEvents}\noom {memory.MaxEvents}\noom_kill {memory.OomKills}\n"
        + $"oom_group_kill 0\n");
}
