namespace EpcActors.Results;

/// <summary>A kernel function that a routine models.</summary>
/// <param name="Name">Its name in the kernel.</param>
/// <param name="File">Name of the source file without its folder; empty for what is not a file of the kernel.</param>
/// <param name="IsPart">The routine is a part of its caller there: no frame of its own.</param>
public sealed record KernelFunction(string Name, string File, bool IsPart)
{
    /// <summary>As a report says it: <c>encl.c: sgx_vma_fault()</c>.</summary>
    public string Located => File.Length == 0 ? Name : $"{File}: {Name}()";
}

/// <summary>A method on the stack of a task.</summary>
/// <param name="Routine">Name of the C# method, without its type.</param>
/// <param name="Function">What it is in the kernel.</param>
public sealed record RaceFrame(string Routine, KernelFunction Function);
