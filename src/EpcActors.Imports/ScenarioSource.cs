using EpcActors.Hocon;
using EpcActors.Imports.Cgroups;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Enclaves;
using EpcActors.Imports.Kubernetes;
using EpcActors.Imports.Reading;
using EpcActors.Imports.Vms;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports;

/// <summary>
/// The one entry for files that commands take: a scenario comes back as it is, a file of another kind as the scenario
/// made of it. The kind is told by the content.
/// </summary>
public static class ScenarioSource
{
    /// <summary>Stands behind the file's name where the text was made of it.</summary>
    public const string Mark = " (imported)";

    /// <summary>Reads a file, or a folder that is a cgroup tree.</summary>
    /// <param name="path">As the user gave it.</param>
    /// <param name="options">What the input does not say.</param>
    /// <param name="environment">Files; those of disk without it.</param>
    /// <exception cref="ConfigurationException">It cannot be read, or something in it is wrong; with every place.
    /// </exception>
    public static ScenarioText Read(string path, ImportOptions options, ConfigEnvironment? environment = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(options);
        return Read([path], null, options, environment);
    }

    /// <summary>Reads files of one kind as one scenario.</summary>
    /// <param name="paths">At least one.</param>
    /// <param name="format">The kind; null to tell it by the content of the first file.</param>
    /// <param name="options">What the input does not say.</param>
    /// <param name="environment">Files; those of disk without it.</param>
    /// <exception cref="ConfigurationException">One cannot be read, or something in it is wrong.</exception>
    public static ScenarioText Read(
        IReadOnlyList<string> paths,
        InputFormat? format,
        ImportOptions options,
        ConfigEnvironment? environment = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count, nameof(paths));
        environment ??= ConfigEnvironment.Default;
        ImportLog log = new();
        if (format is null && FormatDetector.IsScenarioName(paths[0]))
        {
            return Scenario(paths[0], environment);
        }

        bool isTree = format == InputFormat.Cgroup || (format is null && IsInputFolder(paths[0]));
        List<InputText> inputs = isTree ? [] : [.. paths.Select(path => InputText.Read(path, environment, log))];
        InputFormat kind = isTree ? InputFormat.Cgroup : format ?? FormatDetector.Of(inputs[0], log);
        if (kind == InputFormat.Scenario)
        {
            return Scenario(paths[0], environment);
        }

        ScenarioDraft draft = kind switch
        {
            InputFormat.Kubernetes => KubernetesImport.Read(inputs, options, log),
            InputFormat.Gramine => GramineImport.Read(inputs, options, log),
            InputFormat.Occlum => OcclumImport.Read(inputs, options, log),
            InputFormat.SgxSdk => SgxSdkImport.Read(inputs, options, log),
            InputFormat.Qemu => QemuImport.Read(inputs, options, log),
            InputFormat.Libvirt => LibvirtImport.Read(inputs, options, log),
            InputFormat.Cgroup => CgroupImport.Read(paths, options, environment, log),
            InputFormat.Scenario => throw new InvalidOperationException("a scenario needs no import"),
        };
        draft.RequireSize(new HoconOrigin(paths[0], 0, 0), log);
        log.ThrowIfErrors();
        draft.Head.Insert(0,
            $"Made of {string.Join(", ", paths.Select(NameOf))} by 'epc import {FormatNames.WordOf(kind)}'. "
                + "Behind each value stands where it comes from: a place in the input, an option, or \"assumed\" where "
                + "nothing says it. Change what you know better."
                + (draft.Enclaves.Count == 0 ? "" : $" {WorkloadChoice.LengthOfPrograms}"));
        string text = ScenarioWriter.Write(draft);
        return new ScenarioText(kind, paths[0] + Mark, () => text) { Notes = log.Notes };
    }

    /// <summary>A folder that is an input: a copied cgroup tree.</summary>
    public static bool IsInputFolder(string path) => CgroupTree.IsCgroup(path);

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    private static ScenarioText Scenario(string path, ConfigEnvironment environment) => new(
        InputFormat.Scenario, path, () => InputText.Read(path, environment, new ImportLog()).Text);
}
