using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Shithub.Actions.Architecture.Tests;

/// <summary>What a built assembly says it uses, read from its metadata: exact, where a search of the source would guess.</summary>
internal sealed class BuiltAssembly
{
    private BuiltAssembly(IReadOnlySet<string> assemblies, IReadOnlySet<string> types, IReadOnlySet<string> members) =>
        (Assemblies, Types, Members) = (assemblies, types, members);

    /// <summary>Names of the assemblies it refers to.</summary>
    public IReadOnlySet<string> Assemblies { get; }

    /// <summary>Full names of the types of other assemblies that it refers to.</summary>
    public IReadOnlySet<string> Types { get; }

    /// <summary>Full names of the members of other assemblies' types that it calls.</summary>
    public IReadOnlySet<string> Members { get; }

    public static BuiltAssembly Read(string name)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{name}.dll")));
        var reader = file.GetMetadataReader();
        var members = reader.MemberReferences
            .Select(reader.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => $"{FullName(reader, (TypeReferenceHandle)member.Parent)}.{reader.GetString(member.Name)}");
        return new BuiltAssembly(
            reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name)).ToHashSet(),
            reader.TypeReferences.Select(handle => FullName(reader, handle)).ToHashSet(),
            members.ToHashSet());
    }

    private static string FullName(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = reader.GetString(type.Name);
        // A nested type has no namespace of its own but a declaring type.
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{FullName(reader, (TypeReferenceHandle)type.ResolutionScope)}.{name}"
            : $"{reader.GetString(type.Namespace)}.{name}";
    }
}
