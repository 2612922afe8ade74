using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads operations: <c>write 2..3</c>, <c>remove 2 retry</c>, <c>set-max /a 64 KiB</c>. config/reference.conf lists
/// them all.
/// </summary>
public sealed class OperationParser
{
    private static readonly SortedDictionary<string, Reader> Verbs = new(StringComparer.Ordinal)
    {
        ["create"] = (_, _, text) => new Operation.Create(text),
        ["add"] = (p, words, text) =>
        {
            (int first, int count) = p.PagesOfOwn(words);
            bool isMeasured = words.TryWord("measured");
            return new Operation.Add(text, first, count, isMeasured, words.TryWord("retry"));
        },
        ["init"] = (_, _, text) => new Operation.Init(text),
        ["build"] = (p, words, text) =>
            new Operation.Build(text, p.Number(words, 0, p.OwnPages, "the number of pages")),
        ["read"] = (p, words, text) => p.Touch(words, text, AccessKind.Read),
        ["write"] = (p, words, text) => p.Touch(words, text, AccessKind.Write),
        ["execute"] = (p, words, text) => p.Touch(words, text, AccessKind.Execute),
        ["accept"] = (p, words, text) => p.Touch(words, text, AccessKind.Eaccept),
        ["change-type"] = (p, words, text) =>
        {
            (int first, int count) = p.PagesOfOwn(words);
            return new Operation.ChangeType(text, first, count, words.TryWord("retry"));
        },
        ["restrict"] = (p, words, text) =>
        {
            (int first, int count) = p.PagesOfOwn(words);
            return new Operation.Restrict(text, first, count, words.TryWord("retry"));
        },
        ["remove"] = (p, words, text) =>
        {
            (int first, int count) = p.PagesOfOwn(words);
            return new Operation.Remove(text, first, count, words.TryWord("retry"));
        },
        ["close"] = (_, _, text) => new Operation.Close(text),
        ["munmap"] = (_, _, text) => new Operation.ExitMm(text),
        ["mmap-other"] = (_, _, text) => new Operation.MapOther(text),
        ["exit-mm"] = (_, _, text) => new Operation.ExitMm(text),
        ["fork"] = (p, words, text) => new Operation.Fork(text, p.Name(words, p._names.Tasks, "task")),
        ["exit"] = (_, _, text) => new Operation.Exit(text),
        ["vepc-touch"] = (p, words, text) =>
            new Operation.TouchGuest(
                text,
                p.Number(words, 0, p.OwnGuestPages - 1, "a page"),
                words.TryWord("mapping") ? p.Number(words, 0, 7, "a mapping") : 0,
                !words.TryWord("no-retry")),
        ["guest-use"] = (p, words, text) =>
        {
            int page = p.Number(words, 0, p.OwnGuestPages - 1, "a page");
            p.Expect(words, "secs");
            (int guest, int secs) = p.SecsOf(words);
            return new Operation.UseGuestPage(text, page, secs, guest);
        },
        ["vepc-remove-all"] = (_, _, text) => new Operation.RemoveAllGuestPages(text),
        ["vepc-release"] = (_, _, text) => new Operation.ReleaseGuest(text),
        ["allocate"] = (_, words, text) => new Operation.Allocate(text, !words.TryWord("no-reclaim")),
        ["free"] = (_, _, text) => new Operation.Free(text),
        ["debug-read"] = (p, words, text) =>
        {
            int enclave = p._enclave;
            string word = words.Next("a page");
            if (!char.IsAsciiDigit(word[0]) || enclave < 0)
            {
                enclave = p.Find(words, word, p._names.Enclaves, "enclave");
                word = words.Next("a page");
            }

            int page = p.Number(words, word, 0, p.PagesOf(enclave) - 1, "a page");
            return new Operation.DebugRead(text, enclave, page, words.TryWord("retry"));
        },
        ["reclaim"] = (p, words, text) =>
            new Operation.Reclaim(text, words.IsAtEnd ? -1 : p.Name(words, p._names.Cgroups, "cgroup")),
        ["oom-kill"] = (p, words, text) => new Operation.OomKill(text, p.Name(words, p._names.Cgroups, "cgroup")),
        ["charge"] = (p, words, text) =>
            new Operation.Charge(text, p.Name(words, p._names.Cgroups, "cgroup"), Size(words)),
        ["reclaim-direct"] = (_, _, text) => new Operation.ReclaimDirect(text),
        ["evict"] = (p, words, text) =>
        {
            int enclave = p.Name(words, p._names.Enclaves, "enclave");
            (int first, int count) = p.Range(words, p.PagesOf(enclave));
            return new Operation.Evict(text, enclave, first, count);
        },
        ["age"] = (p, words, text) =>
        {
            int enclave = p.Name(words, p._names.Enclaves, "enclave");
            (int first, int count) = p.Range(words, p.PagesOf(enclave));
            return new Operation.Age(text, enclave, first, count);
        },
        ["pause"] = (_, _, text) => new Operation.Pause(text),
        ["set-max"] = (p, words, text) =>
            new Operation.SetMax(text, p.Name(words, p._names.Cgroups, "cgroup"), ReadLimit(words)),
        ["set-memory-max"] = (p, words, text) =>
        {
            int cgroup = p.Name(words, p._names.Cgroups, "cgroup");
            return new Operation.SetMemoryMax(text, cgroup, ReadLimit(words));
        },
        ["kill"] = (p, words, text) =>
        {
            (int enclave, int guest) = p.ProcessOf(words);
            return new Operation.Kill(text, enclave, guest);
        },
        ["signal"] = (p, words, text) =>
        {
            (int enclave, int guest) = p.ProcessOf(words);
            return new Operation.Signal(text, enclave, guest);
        },
        ["poison"] = (p, words, text) => p.Poison(words, text),
        ["lose-epc"] = (_, _, text) => new Operation.LoseEpc(text),
        ["mkdir"] = (p, words, text) => new Operation.CreateCgroup(text, p.Name(words, p._names.Cgroups, "cgroup")),
        ["rmdir"] = (p, words, text) => new Operation.RemoveCgroup(text, p.Name(words, p._names.Cgroups, "cgroup")),
        ["migrate"] = (p, words, text) =>
        {
            (int enclave, int guest) = p.ProcessOf(words);
            return new Operation.Migrate(text, enclave, guest, p.Name(words, p._names.Cgroups, "cgroup"));
        },
        ["swap-out"] = (p, words, text) =>
        {
            int enclave = p.Name(words, p._names.Enclaves, "enclave");
            bool isPcmd = words.TryWord("pcmd");
            int page = p.Number(words, 0, p.PagesOf(enclave) - 1, "a page");
            return new Operation.SwapOut(text, enclave, page, isPcmd, words.TryWord("even-pinned"));
        },
    };

    private readonly RaceNames _names;
    private readonly int _enclave;
    private readonly int _guest;

    /// <param name="names">Names that a text may use.</param>
    /// <param name="process">The enclave or guest in whose process the task runs; a cgroup's path or nothing for a task
    /// outside.</param>
    public OperationParser(RaceNames names, string process)
    {
        ArgumentNullException.ThrowIfNull(names);
        _names = names;
        _enclave = IndexOf(names.Enclaves, process);
        _guest = IndexOf(names.Guests, process);
        IsOutside = _enclave < 0 && _guest < 0;
        HasProcess = !string.IsNullOrEmpty(process);
    }

    private delegate Operation Reader(OperationParser parser, WordReader words, string text);

    /// <summary>The words that operations begin with.</summary>
    public static IReadOnlyCollection<string> Words => Verbs.Keys;

    private bool IsOutside { get; }

    private bool HasProcess { get; }

    private int OwnPages => PagesOf(_enclave);

    private int OwnGuestPages =>
        _guest >= 0 && _guest < _names.GuestPages.Count ? _names.GuestPages[_guest] : int.MaxValue;

    /// <summary>One operation.</summary>
    /// <exception cref="RaceTextException">The text is none.</exception>
    public Operation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        WordReader words = new(text);
        string verb = words.Next("an operation");
        if (!Verbs.TryGetValue(verb, out Reader? reader))
        {
            throw words.Wrong($"there is no operation '{verb}'", Suggestions.Remedy(verb, Verbs.Keys));
        }

        int at = words.Position;
        Operation operation = reader(this, words, text.Trim());
        words.End();
        string? problem = operation.Needs switch
        {
            OperationHomeKind.Enclave when _enclave < 0 => "runs in an enclave's process",
            OperationHomeKind.Guest when _guest < 0 => "runs in a virtual machine's process",
            OperationHomeKind.Process when IsOutside && !HasProcess => "runs in a process",
            OperationHomeKind.None or OperationHomeKind.AnyProcess or OperationHomeKind.Process
                or OperationHomeKind.Enclave or OperationHomeKind.Guest => null,
        };
        return problem is null
            ? operation
            : throw new RaceTextException(
                text,
                at,
                $"{verb} {problem}",
                $"name one of them as the task's process ({Suggestions.List([.. _names.Enclaves, .. _names.Guests])})");
    }

    private Operation.Touch Touch(WordReader words, string text, AccessKind kind)
    {
        (int first, int count) = PagesOfOwn(words);
        int until = words.TryWord("until") ? Name(words, _names.Tasks, "task") : -1;
        return new Operation.Touch(text, kind, first, count, until, until < 0 && words.TryWord("forever"));
    }

    private Operation Poison(WordReader words, string text)
    {
        if (words.TryWord("node"))
        {
            int node = Number(words, 0, _names.NodePages.Count - 1, "a node");
            Expect(words, "page");
            (int first, int count) = Range(words, _names.NodePages[node]);
            return new Operation.PoisonPage(text, node, first, count);
        }

        int enclave = Name(words, _names.Enclaves, "enclave");
        return new Operation.PoisonOf(
            text,
            enclave,
            words.TryWord("secs") ? -1 : Number(words, 0, PagesOf(enclave) - 1, "a page"));
    }

    private (int Guest, int Page) SecsOf(WordReader words)
    {
        string word = words.Next("the page of the SECS");
        if (word.Length > 0 && char.IsAsciiDigit(word[0]))
        {
            return (-1, Number(words, word, 0, OwnGuestPages - 1, "a page"));
        }

        int guest = Find(words, word, _names.Guests, "virtual machine");
        return (
            guest,
            Number(words, 0, guest < _names.GuestPages.Count ? _names.GuestPages[guest] - 1 : int.MaxValue, "a page"));
    }

    private (int Enclave, int Guest) ProcessOf(WordReader words)
    {
        string word = words.Next("the name of an enclave or virtual machine");
        int guest = IndexOf(_names.Guests, word);
        return guest >= 0 ? (-1, guest) : (Find(words, word, _names.Enclaves, "enclave", _names.Guests), -1);
    }

    private (int First, int Count) PagesOfOwn(WordReader words) => Range(words, OwnPages);

    private (int First, int Count) Range(WordReader words, int pages)
    {
        string word = words.Next("a page or a range of pages");
        int dots = word.IndexOf("..", StringComparison.Ordinal);
        int first = Number(words, dots < 0 ? word : word[..dots], 0, pages - 1, "a page");
        int last = dots < 0 ? first : Number(words, word[(dots + 2)..], 0, pages - 1, "a page");
        return last < first
            ? throw words.Wrong($"the range {word} is empty", $"write {last}..{first}")
            : (first, last - first + 1);
    }

    private int Number(WordReader words, int min, int max, string what) =>
        Number(words, words.Next(what), min, max, what);

    private int Number(WordReader words, string word, int min, int max, string what)
    {
        if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            throw words.Wrong(
                $"'{word}' is not the number of {what}",
                max == int.MaxValue ? "write for example 2" : $"allowed: {min} to {max}");
        }

        return number < min || number > max
            ? throw words.Wrong($"{number} is out of range for {what}", $"allowed: {min} to {max}")
            : number;
    }

    private int Name(WordReader words, IReadOnlyList<string> names, string what)
    {
        string word = words.Next(what == "enclave" ? "the name of an enclave" : $"the name of a {what}");
        return Find(words, word, names, what);
    }

    private int Find(
        WordReader words,
        string word,
        IReadOnlyList<string> names,
        string what,
        IReadOnlyList<string>? others = null)
    {
        int index = IndexOf(names, word);
        return index >= 0
            ? index
            : throw words.Wrong($"there is no {what} '{word}'", Suggestions.Remedy(word, [.. names, .. others ?? []]));
    }

    private void Expect(WordReader words, string word)
    {
        string found = words.Next($"'{word}'");
        if (found != word)
        {
            throw words.Wrong($"found '{found}'; expected '{word}'");
        }
    }

    private static Limit ReadLimit(WordReader words)
    {
        string text = words.Rest("a limit");
        return text == "max" ? Limit.Max
            : text == "0" ? default
            : TryPages(text, out long bytes)
            || (!char.IsAsciiDigit(text[^1]) && HoconUnits.TryParseSize(text, out bytes, out _) && bytes >= 0)
                ? Limit.OfBytes(bytes)
            : throw words.Wrong($"'{text}' is not a size", "write for example 16 pages, 64 KiB, or max");
    }

    private static long Size(WordReader words)
    {
        Limit size = ReadLimit(words);
        return !size.IsMax && size.Bytes > 0 && size.Bytes % KernelConstants.PageSize == 0
            ? size.Bytes
            : throw words.Wrong("this is not a number of whole pages", "write for example 16 pages or 64 KiB");
    }

    private static bool TryPages(string text, out long bytes)
    {
        int unit = text.IndexOf("page", StringComparison.Ordinal);
        string number = unit > 0 && text[unit..] is "page" or "pages" ? text[..unit].Trim() : "";
        bool isPages = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int pages);
        bytes = (long)pages * KernelConstants.PageSize;
        return isPages;
    }

    private int PagesOf(int enclave) =>
        enclave >= 0 && enclave < _names.EnclavePages.Count ? _names.EnclavePages[enclave] : int.MaxValue;

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }
}
