// A recipe for Android, documented in ../README.md; `cargo xtask test mobile` uses pom.xml.
plugins {
    id("com.android.library") version "8.13.0"
    id("org.jetbrains.kotlin.android") version "2.4.20"
}

android {
    namespace = "dev.portward"
    compileSdk = 36
    defaultConfig {
        minSdk = 24
        consumerProguardFiles("proguard.pro")
    }
    sourceSets["main"].apply {
        kotlin.srcDirs("src/main/kotlin", "../../../target/mobile/kotlin")
        jniLibs.srcDirs("../../../target/mobile/jniLibs")
    }
}

kotlin {
    jvmToolchain(17)
    coreLibrariesVersion = "2.1.21"
    compilerOptions {
        languageVersion = org.jetbrains.kotlin.gradle.dsl.KotlinVersion.KOTLIN_2_1
        apiVersion = org.jetbrains.kotlin.gradle.dsl.KotlinVersion.KOTLIN_2_1
    }
}

// Whoever takes the AAR itself, as a file, adds these two.
dependencies {
    api("net.java.dev.jna:jna:5.18.1@aar")
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
}
