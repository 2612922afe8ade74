using System.Globalization;
using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.Live;

/// <summary>The processes of this host, by /proc.</summary>
public sealed class HostProcesses : IProcessTable
{
    private const int SigKill = 9;

    /// <summary>PF_EXITING.</summary>
    private const ulong Exiting = 4;

    public IReadOnlyList<HostProcess> All()
    {
        List<HostProcess> all = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && Read(id) is { IsAlive: true } status)
            {
                all.Add(status.Process);
            }
        }

        return all;
    }

    public HostProcess? OfThread(int thread) =>
        NumberOf(thread) is { } id && Read(id) is { IsAlive: true } status ? status.Process : null;

    public void Kill(int process) => _ = Libc.Kill(process, SigKill);

    /// <summary>A thread is on its way out of do_exit(), and the last of its process to use the files.</summary>
    public static bool IsExitOf(int thread, int process) =>
        Read(thread) is not { IsAlive: true, IsExiting: false } && (NumberOf(thread) ?? process) == process;

    /// <summary>A signal that kills it waits for a thread: the kernel has marked it with SIGKILL.</summary>
    public static bool HasFatalSignal(int thread)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/{thread}/status"))
            {
                if (line.StartsWith("SigPnd:", StringComparison.Ordinal)
                    || line.StartsWith("ShdPnd:", StringComparison.Ordinal))
                {
                    ulong pending = ulong.Parse(
                        line.AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                    if ((pending & (1UL << (SigKill - 1))) != 0)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Number of the process that a thread belongs to; null when there is no such thread.</summary>
    private static int? NumberOf(int thread)
    {
        const string Key = "Tgid:";
        try
        {
            string? line = thread <= 0 ? null : File.ReadLines($"/proc/{thread}/status")
                .FirstOrDefault(one => one.StartsWith(Key, StringComparison.Ordinal));
            return line is null ? null : int.Parse(line.AsSpan(Key.Length).Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static Status? Read(int id)
    {
        try
        {
            string text = File.ReadAllText($"/proc/{id}/stat");

            // The name may hold anything; behind it come state, ppid, ... flags (7th), ... starttime (20th).
            string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            int parent = int.Parse(fields[1], CultureInfo.InvariantCulture);
            ulong flags = ulong.Parse(fields[6], CultureInfo.InvariantCulture);
            long started = long.Parse(fields[19], CultureInfo.InvariantCulture);
            return new Status(
                new HostProcess(id, parent, started), fields[0] is not ("Z" or "X"), (flags & Exiting) != 0);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or FormatException
            or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private sealed record Status(HostProcess Process, bool IsAlive, bool IsExiting);
}
