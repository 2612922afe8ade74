namespace EpcActors.Scenarios;

/// <summary>
/// A text of a race (an operation, a property) that says nothing. <see cref="Position"/>: where in it, characters from
/// 0.
/// </summary>
public sealed class RaceTextException : Exception
{
    public RaceTextException(string text, int position, string problem, string remedy = "")
        : base($"'{text}', character {position + 1}: {problem}{(remedy.Length == 0 ? "" : $"; {remedy}")}")
    {
        Position = position;
        Problem = problem;
        Remedy = remedy;
    }

    /// <summary>
    /// Index of the first character of the word at fault; the text's length when something is missing at its end.
    /// </summary>
    public int Position { get; }

    /// <summary>The problem.</summary>
    public string Problem { get; }

    /// <summary>Text to write instead; may be empty.</summary>
    public string Remedy { get; }
}

/// <summary>The names that texts of a race may use.</summary>
/// <param name="Enclaves">By number.</param>
/// <param name="Guests">Virtual machines, by number.</param>
/// <param name="Cgroups">Paths, by number.</param>
/// <param name="Tasks">The tasks that race, by number.</param>
/// <param name="NodePages">EPC pages of each node.</param>
public sealed record RaceNames(
    IReadOnlyList<string> Enclaves,
    IReadOnlyList<string> Guests,
    IReadOnlyList<string> Cgroups,
    IReadOnlyList<string> Tasks,
    IReadOnlyList<int> NodePages)
{
    /// <summary>Linear pages of each enclave; empty when a text should not be held to them.</summary>
    public IReadOnlyList<int> EnclavePages { get; init; } = [];

    /// <summary>Pages of each guest's EPC.</summary>
    public IReadOnlyList<int> GuestPages { get; init; } = [];

    /// <summary>The names of a scenario.</summary>
    /// <param name="machine">Its machine.</param>
    /// <param name="cgroups">Its cgroups.</param>
    /// <param name="enclaves">Its enclaves.</param>
    /// <param name="guests">Its virtual machines.</param>
    /// <param name="tasks">Names of the tasks that race.</param>
    public static RaceNames Of(
        Scenarios.MachineSpec machine,
        IReadOnlyList<Scenarios.CgroupSpec> cgroups,
        IReadOnlyList<Scenarios.EnclaveSpec> enclaves,
        IReadOnlyList<Scenarios.VirtualMachineSpec> guests,
        IReadOnlyList<string> tasks)
    {
        ArgumentNullException.ThrowIfNull(machine);
        return new(
            [.. enclaves.Select(enclave => enclave.Name)],
            [.. guests.Select(guest => guest.Name)],
            [.. cgroups.Select(cgroup => cgroup.Path)],
            tasks,
            [.. machine.Nodes.Select(node => node.SectionPages.Sum())])
        {
            EnclavePages =
            [
                .. enclaves.Select(enclave =>
                    (int)
                        System.Numerics.BitOperations.RoundUpToPowerOf2(
                            (uint)Math.Max(1, enclave.CodePages + enclave.HeapPages))),
            ],
            GuestPages = [.. guests.Select(guest => guest.Pages)],
        };
    }
}

/// <summary>Reads a text word by word.</summary>
internal sealed class WordReader
{
    private readonly string _text;
    private int _at;

    public WordReader(string text)
    {
        _text = text;
        Skip();
    }

    /// <summary>Position of the word that was read last.</summary>
    public int Position { get; private set; }

    public bool IsAtEnd => _at >= _text.Length;

    /// <summary>The next word; an error when there is none.</summary>
    /// <param name="what">Meaning of the word, for the error.</param>
    public string Next(string what)
    {
        if (IsAtEnd)
        {
            throw new RaceTextException(_text, _text.Length, $"{what} is missing");
        }

        Position = _at;
        while (!IsAtEnd && !char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }

        string word = _text[Position.._at];
        Skip();
        return word;
    }

    /// <summary>True, and one word further, when the next word is this one.</summary>
    public bool TryWord(string word)
    {
        int before = _at;
        int position = Position;
        if (!IsAtEnd && Next(word) == word)
        {
            return true;
        }

        _at = before;
        Position = position;
        return false;
    }

    /// <summary>All that is left, without white space around it.</summary>
    public string Rest(string what)
    {
        if (IsAtEnd)
        {
            throw new RaceTextException(_text, _text.Length, $"{what} is missing");
        }

        Position = _at;
        _at = _text.Length;
        return _text[Position..].Trim();
    }

    public void End()
    {
        if (!IsAtEnd)
        {
            string word = Next("");
            throw Wrong($"nothing was expected here, found '{word}'");
        }
    }

    /// <summary>An error at the word that was read last.</summary>
    public RaceTextException Wrong(string problem, string remedy = "") => new(_text, Position, problem, remedy);

    private void Skip()
    {
        while (!IsAtEnd && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }
}
