using System.Globalization;

namespace EpcActors.Imports.Drafts;

/// <summary>
/// Names of enclaves and guests. A scenario also knows <c>web</c> as <c>web-0</c>, so both are taken by either.
/// </summary>
internal sealed class UniqueNames
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    /// <summary>The name, other characters replaced, and a number behind it when it is taken.</summary>
    public string Next(string wanted)
    {
        char[] letters = [.. wanted.Select(static c => IsAllowed(c) ? c : '-')];
        string clean = new string(letters).TrimStart('-', '_', '.');
        clean = clean.Length == 0 ? "enclave" : clean;
        string name = clean;
        for (int number = 2; !TryTake(name); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{clean}.{number}");
        }

        return name;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';

    private bool TryTake(string name)
    {
        if (_taken.Contains(name) || _taken.Contains(name + "-0"))
        {
            return false;
        }

        _taken.Add(name);
        _taken.Add(name + "-0");
        return true;
    }
}
