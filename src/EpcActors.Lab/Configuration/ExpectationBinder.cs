using EpcActors.Hocon;
using EpcActors.Lab.Runs;

namespace EpcActors.Lab.Configuration;

/// <summary>Reads <c>epc.expect</c> and <c>epc.expect-on</c>: one comparison to a string.</summary>
internal static class ExpectationBinder
{
    /// <summary>The list for the chosen kernel if there is one, else the general list.</summary>
    public static IReadOnlyList<string> Read(ObjectReader epc, string kernel)
    {
        IReadOnlyList<string> general = Strings(epc.Get("expect", "[ \"verdict == pass\" ]"));
        ObjectReader perKernel = epc.Child("expect-on");
        IReadOnlyList<string>? own = null;
        IReadOnlyList<string> known = BuiltInFiles.Names("kernels");
        foreach (string name in perKernel.Keys)
        {
            if (!known.Contains(name) && name != kernel && !name.EndsWith(".conf", StringComparison.Ordinal))
            {
                string? dotted = known.FirstOrDefault(k => k.StartsWith(name + ".", StringComparison.Ordinal));
                perKernel.Error(name, $"there is no kernel '{name}'",
                    dotted is null ? Suggestions.Remedy(name, [.. known]) : $"a name with a dot needs quotes: \"{dotted}\"");
                continue;
            }

            if (perKernel.TryGet(name, out Setting? setting))
            {
                IReadOnlyList<string> strings = Strings(setting);
                own = name == kernel ? strings : own;
            }
        }

        return own ?? general;
    }

    private static List<string> Strings(Setting list)
    {
        List<string> strings = [];
        foreach (Setting item in list.Items("strings"))
        {
            if (item.Value is not HoconString text)
            {
                item.Wrong("a string", "put the expectation between quotes");
            }
            else if (Expectation.Check(text.Value) is { } problem)
            {
                item.Error($"'{text.Value}' is no expectation", problem);
            }
            else
            {
                strings.Add(text.Value);
            }
        }

        return strings;
    }
}
