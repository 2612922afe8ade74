using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EpcActors.Cli;

/// <summary>
/// Asks the kernel for huge pages behind the garbage collector's heap (<c>madvise(2)</c>, <c>MADV_HUGEPAGE</c>).
/// </summary>
/// <remarks>
/// A machine of hundreds of enclaves is hundreds of megabytes of small objects that a run visits in no order. With
/// pages of 4 KiB most of these visits miss the TLB as well as the cache. Most distributions give huge pages only to
/// programs that ask. It is advice: where the kernel does not take it, nothing changes but speed.
/// </remarks>
internal static class HugePages
{
    private const int MadvHugePage = 14;

    /// <summary>Gives the advice for the whole reserve of the heap, parts that are not in use yet included.</summary>
    public static void AdviseForHeap()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            if (HeapReserve() is { } heap)
            {
                _ = NativeMethods.Advise(heap.Start, (nuint)(heap.End - heap.Start), MadvHugePage);
            }
        }
        catch (IOException)
        {
            // No /proc in this container: then without.
        }
        catch (UnauthorizedAccessException)
        {
        }
    }

    /// <summary>Mappings without a file that lie side by side around an object of the heap.</summary>
    private static (nint Start, nint End)? HeapReserve()
    {
        object inside = new();
        nint address = AddressOf(inside);
        List<(nint Start, nint End)> run = [];
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            // start-end permissions offset device inode [path]
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int dash = fields[0].IndexOf('-', StringComparison.Ordinal);
            nint start = nint.Parse(fields[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            nint end = nint.Parse(fields[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            bool continues = fields.Length == 5 && run.Count > 0 && run[^1].End == start;
            if (!continues)
            {
                if (run.Count > 0 && run[0].Start <= address && address < run[^1].End)
                {
                    break;
                }

                run.Clear();
            }

            if (fields.Length == 5)
            {
                run.Add((start, end));
            }
        }

        GC.KeepAlive(inside);
        return run.Count > 0 && run[0].Start <= address && address < run[^1].End ? (run[0].Start, run[^1].End) : null;
    }

    /// <summary>Where the object is just now; the reserve does not move, the object may.</summary>
    private static nint AddressOf(object value) => Unsafe.As<object, nint>(ref value);

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "madvise")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Advise(nint address, nuint length, int advice);
    }
}
