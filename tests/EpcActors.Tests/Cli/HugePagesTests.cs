using System.Globalization;
using System.Runtime.CompilerServices;
using EpcActors.Cli;

namespace EpcActors.Tests.Cli;

public sealed class HugePagesTests
{
    /// <summary>The flag <c>hg</c> of smaps stands at the mapping that has the heap's objects.</summary>
    [Fact]
    public void The_heap_is_advised_to_be_of_huge_pages()
    {
        if (!File.Exists("/sys/kernel/mm/transparent_hugepage/enabled"))
        {
            return;
        }

        HugePages.AdviseForHeap();
        object inside = new();
        nint address = Unsafe.As<object, nint>(ref inside);
        bool isInside = false;
        string flags = "";
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int dash = words[0].IndexOf('-', StringComparison.Ordinal);
            if (dash > 0 && nint.TryParse(
                words[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out nint start))
            {
                nint end = nint.Parse(
                    words[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                isInside = start <= address && address < end;
            }
            else if (isInside && words[0] == "VmFlags:")
            {
                flags = line;
            }
        }

        GC.KeepAlive(inside);
        Assert.Contains(" hg", flags, StringComparison.Ordinal);
    }
}
