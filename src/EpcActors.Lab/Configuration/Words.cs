namespace EpcActors.Lab.Configuration;

/// <summary>An enumeration as configurations write it.</summary>
internal static class Words<T>
    where T : struct, Enum
{
    /// <summary>The members in kebab case, in the order of their declaration.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetNames<T>().Select(SwitchKeys.Kebab)];

    public static T Read(Setting setting, string what) => Enum.GetValues<T>()[setting.Choice(All, what)];
}
