namespace EpcActors.Engine;

/// <summary>
/// The kernel function that a routine models. It is written here and nowhere else: stacks, reports and the table of
/// docs/kernel-model.md follow it. A routine of a task that has none is user space.
/// </summary>
/// <param name="file">Source file without its folder, e.g. <c>main.c</c>.</param>
/// <param name="function">Name of the function, e.g. <c>sgx_reclaim_pages</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LinuxAttribute(string file, string function) : Attribute
{
    public string File => file;

    public string Function => function;

    /// <summary>The routine is a part of that function: no frame of its own on a stack.</summary>
    public bool IsPart { get; set; }
}
